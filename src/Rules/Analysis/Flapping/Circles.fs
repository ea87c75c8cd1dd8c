/// Circles of sizes that a constant load drives for ever. At every size the loads are cut where what the rules see changes; a walk from
/// size to size keeps to the loads for which each of its moves is made, so a circle is found together with all of its loads.
module internal Serverless.Rules.Analysis.Flapping.Circles

open System.Collections.Generic
open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis
open Serverless.Rules.Analysis.Flapping.Moving

/// One step of a circle.
type Step = { From: int64<mcu>; Move: Move }

type Circle =
    { /// From the smallest size on.
      Steps: Step list
      Cpu: Loads.Span
      Memory: Loads.Span
      /// Schedules that hold meanwhile.
      Holding: uint64 }

/// `IsWhole`: nothing was left out for being too much.
type Found = { Circles: Circle list; IsWhole: bool }

[<Literal>]
let private MostSizes = 256L

/// Moves worked out and places visited, for one policy.
[<Literal>]
let private MostWork = 40_000

/// Circles kept of one policy; the first ones tell enough.
[<Literal>]
let private MostCircles = 2_000

let private conditions (policy: Policy) =
    [ for rule in resizers policy do
          rule.When
          yield! Option.toList rule.Until
      for forbid in blockers policy do
          forbid.When ]

let rec private schedules (condition: Condition) : string list =
    match condition with
    | During name -> [ name ]
    | And parts
    | Or parts -> List.collect schedules parts
    | Not part
    | Held(_, part, _) -> schedules part
    | Constant _
    | Compare _
    | IsSet _ -> []

/// Where a Track rule asks for another size: up to `g × target / size` it asks for no more than `g`.
let private trackCuts (policy: Policy) (range: Stateless.SizeRange) (metric: string) (size: int64<mcu>) : int64 list =
    [ for rule in resizers policy do
          match rule.Action with
          | Track(name, _, target) when name = metric ->
              for goal in range.Least .. policy.Step .. range.Most - policy.Step do
                  int64 goal * target / int64 size + 1L
          | _ -> () ]

/// Whether rules can both grow and shrink it; if not, it comes to rest.
let turns (policy: Policy) =
    let some kind = resizers policy |> Array.exists (fun rule -> List.contains kind (Firing.kinds rule.Action))
    some ResizeUpAction && some ResizeDownAction

/// The distance of samples: the first one after a resize comes within it.
let private period (policy: Policy) : int64<ms> =
    policy.Metrics |> List.filter Seeing.isLoad |> List.map _.Period |> List.fold max 1L<ms>

/// The circles while these schedules hold; true when they depend on when the first sample after a resize comes.
let private during (policy: Policy) find (holding: uint64) (isInside: string -> bool) (work: int ref) (circles: List<Circle>) firstSample : bool =
    let range = Stateless.range policy isInside
    let sizes = [| range.Least .. policy.Step .. range.Most |]
    let all = conditions policy
    let cpuCuts, memoryCuts = differences find "cpu" all, differences find "memory" all
    let usable = List.filter (fun cut -> cut <= 10_000L)

    let setting =
        { Policy = policy
          Find = find
          IsInside = isInside
          Range = range
          FirstSample = firstSample }

    let mover = Mover(setting, Loads.classes cpuCuts, Loads.classes memoryCuts)
    let cpu = sizes |> Array.map (fun size -> Loads.classes (cpuCuts @ usable (trackCuts policy range "cpu" size)))
    let memory = sizes |> Array.map (fun size -> Loads.classes (memoryCuts @ trackCuts policy range "memory" size))
    let processors = sizes |> Array.map (fun size -> int64 (ComputeUnit.cpu size policy.Unit))
    let moves = Dictionary<struct (int * int * int * int64<mcu>), Outcome>()
    let isOver () = work.Value + mover.Work > MostWork || circles.Count >= MostCircles

    let next place cpuClass memoryClass floor =
        let key = struct (place, cpuClass, memoryClass, floor)

        match moves.TryGetValue key with
        | true, known -> known
        | _ ->
            let found = mover.Next(sizes[place], Loads.least cpu[place] cpuClass, Loads.least memory[place] memoryClass, floor)
            moves[key] <- found
            found

    let sameMove (a: Move voption) (b: Move voption) =
        match a, b with
        | ValueNone, ValueNone -> true
        | ValueSome a, ValueSome b -> a.Into = b.Into && a.After = b.After && (a.Rules |> List.map _.Name) = (b.Rules |> List.map _.Name)
        | _ -> false

    let isSame (first: (struct (Loads.Span * Move voption)) list) (second: (struct (Loads.Span * Move voption)) list) =
        first.Length = second.Length
        && List.forall2 (fun (struct (span: Loads.Span, move)) (struct (other: Loads.Span, another)) -> span.Low = other.Low && span.High = other.High && sameMove move another) first second

    /// The moves from a size, each with the loads of memory for which it is made: a shrink depends on what memory is left.
    let movesFrom place cpuClass memoryClass (memorySpan: Loads.Span) : (struct (Loads.Span * Move voption)) list =
        let size = sizes[place]
        let free = next place cpuClass memoryClass 0L<mcu>

        if not free.Shrinks || sameMove free.Move (next place cpuClass memoryClass size).Move then
            [ struct (memorySpan, free.Move) ]
        else
            let floors = [ range.Least .. policy.Step .. size ]
            let below = { (Loads.needing policy.Step range.Least) with Low = -1L }
            let above = { (Loads.needing policy.Step size) with High = System.Int64.MaxValue }

            [ for floor in floors do
                  let needing =
                      if floor = range.Least && floor = size then Loads.all
                      elif floor = range.Least then below
                      elif floor = size then above
                      else Loads.needing policy.Step floor

                  let span = Loads.meet memorySpan needing
                  if not (Loads.isEmpty span) then struct (span, (next place cpuClass memoryClass floor).Move) ]

    /// All loads under which a size is left, each with its move; neighbouring classes of cpu with the same moves are one.
    let partings =
        sizes
        |> Array.mapi (fun place _ ->
            lazy
                [| for memoryClass in 0 .. Loads.count memory[place] - 1 do
                       // Memory grows with the size alone, so the size itself measures the allocation.
                       let memorySpan = Loads.span memory[place] (int64 sizes[place]) memoryClass
                       let mutable from = 0

                       for cpuClass in 0 .. Loads.count cpu[place] - 1 do
                           let isLast = cpuClass = Loads.count cpu[place] - 1

                           if not (isOver ()) then
                               let here = movesFrom place cpuClass memoryClass memorySpan

                               if isLast || not (isSame here (movesFrom place (cpuClass + 1) memoryClass memorySpan)) then
                                   let first = Loads.span cpu[place] processors[place] from
                                   let last = Loads.span cpu[place] processors[place] cpuClass
                                   from <- cpuClass + 1

                                   for struct (memorySpan, move) in here do
                                       match move with
                                       | ValueSome move -> struct ({ first with High = last.High }, memorySpan, move)
                                       | ValueNone -> () |])

    // A circle is walked from its smallest size; what comes below that or closes elsewhere is found from there.
    let rec walk start place (cpuSpan: Loads.Span) (memorySpan: Loads.Span) (path: Step list) =
        for struct (cpu, memory, move) in partings[place].Value do
            work.Value <- work.Value + 1

            if move.Into >= sizes[start] then
                let cpu, memory = Loads.meet cpuSpan cpu, Loads.meet memorySpan memory

                if not (Loads.isEmpty cpu || Loads.isEmpty memory || isOver ()) then
                    follow start place cpu memory path move

    and follow start place cpuSpan memorySpan path (move: Move) =
        let steps = { From = sizes[place]; Move = move } :: path
        let into = int ((move.Into - range.Least) / policy.Step)

        if into = start then
            circles.Add
                { Steps = List.rev steps
                  Cpu = cpuSpan
                  Memory = memorySpan
                  Holding = holding }
        elif into > start && not (steps |> List.exists (fun step -> step.From = move.Into)) then
            walk start into cpuSpan memorySpan steps

    for start in 0 .. sizes.Length - 1 do
        if not (isOver ()) then
            walk start start Loads.all Loads.all []

    work.Value <- work.Value + mover.Work
    mover.IsSensitive

/// Rules and forbids that depend on more than the load must be able to keep still all the while, or nothing is certain.
let private canKeepStill (context: Context) (policy: Policy) (isInside: string -> bool) (circle: Circle) : bool =
    let find = context.Find

    let free =
        [ for rule in resizers policy do
              if Seeing.isFree find rule.When || rule.Until |> Option.exists (Seeing.isFree find) then
                  struct (Possible.NotTrue, rule.When)
          for forbid in blockers policy do
              if Seeing.isFree find forbid.When then
                  struct (Possible.IsFalse, forbid.When) ]

    let rec known (view: Seeing.View) (condition: Condition) : Condition =
        match condition with
        | Compare _ when not (Seeing.isFree find condition) ->
            let struct (_, truth) = Seeing.unfold find Seeing.Undecided view condition |> List.last
            Constant((truth = Kleene.True))
        | During name -> Constant(isInside name)
        | And parts -> And(List.map (known view) parts)
        | Or parts -> Or(List.map (known view) parts)
        | Not part -> Not(known view part)
        | Held(_, part, _) -> known view part
        | leaf -> leaf

    let still (step: Step) =
        let usage (span: Loads.Span) (allocation: int64) =
            let load = Loads.simplest 1m span
            Loads.usage load 1m allocation

        let view: Seeing.View =
            { Size = step.From
              Cpu = min 10_000L (usage circle.Cpu (int64 (ComputeUnit.cpu step.From policy.Unit)))
              Memory = usage circle.Memory (int64 step.From)
              IsInside = isInside
              FirstSample = 0L<ms> }

        // A rule that fires for certain is part of the circle, whatever else its condition names.
        let isCertain (condition: Condition) =
            let struct (_, truth) = Seeing.unfold find Seeing.Silent view condition |> List.last
            truth = Kleene.True

        let goals =
            free
            |> List.filter (fun (struct (_, condition)) -> not (isCertain condition))
            |> List.map (fun (struct (demand, condition)) -> struct (demand, known view condition))

        goals.IsEmpty || context.Running.IsPossible goals

    circle.Steps |> List.forall still

/// More than the rounding of samples makes of it: the loads of a circle are further apart than a basis point.
let isWide (policy: Policy) (circle: Circle) : bool =
    let largest = circle.Steps |> List.map _.From |> List.max
    let wide (span: Loads.Span) allocation = span.High = System.Int64.MaxValue || span.High - max 0L span.Low > 2L * allocation
    wide circle.Cpu (int64 (ComputeUnit.cpu largest policy.Unit)) && wide circle.Memory (int64 largest)

/// All circles of a policy, which may be another than the context's with the same names.
let find (context: Context) (policy: Policy) : Found =
    match context.Timeline with
    | _ when not (turns policy) -> { Circles = []; IsWhole = true }
    | None -> { Circles = []; IsWhole = false }
    | Some timeline ->
        let named =
            (policy.Bounds |> List.choose _.During) @ (conditions policy |> List.collect schedules) |> List.distinct

        let mask = named |> List.fold (fun mask name -> mask ||| Timeline.bit timeline name) 0UL
        let work = ref 0
        let circles = List<Circle>()
        let mutable isWhole = true

        for holding in timeline.Combinations |> Array.map (fun holding -> holding &&& mask) |> Array.distinct do
            let isInside name = holding &&& Timeline.bit timeline name <> 0UL
            let range = Stateless.range policy isInside
            let unit = policy.Unit

            if (range.Most - range.Least) / policy.Step >= MostSizes || ComputeUnit.cpu range.Least unit <= 0L<mcpu> then
                isWhole <- false
            else
                let before = circles.Count

                // Where a cooldown ends about when a rule fires, the first sample may come at once or after a whole period.
                if during policy context.Find holding isInside work circles (period policy) then
                    during policy context.Find holding isInside work circles 1L<ms> |> ignore

                if work.Value > MostWork || circles.Count >= MostCircles then
                    isWhole <- false

                // It has to last for a whole round at least.
                let lasts = Timeline.longest timeline (fun all -> all &&& mask = holding)

                for index in circles.Count - 1 .. -1 .. before do
                    let circle = circles[index]
                    let round = circle.Steps |> List.sumBy _.Move.After

                    if round >= lasts || not (canKeepStill context policy isInside circle) then
                        circles.RemoveAt index

        { Circles = List.ofSeq circles; IsWhole = isWhole }
