/// From one size to the next: what the kernel comes to after a resize under a constant load, and when.
module internal Serverless.Rules.Analysis.Flapping.Moving

open System.Collections.Generic
open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis
open Serverless.Rules.Analysis.Flapping.Seeing

/// A resize to a size, by these rules, so long after the resize before.
type Move =
    { Into: int64<mcu>
      Rules: Rule list
      After: int64<ms> }

/// What is asked: a policy whose schedules stay as they are.
type Setting =
    { Policy: Policy
      Find: string -> Metric option
      IsInside: string -> bool
      Range: Stateless.SizeRange
      FirstSample: int64<ms> }

let resizers (policy: Policy) : Rule[] =
    policy.Rules
    |> List.filter (fun rule -> rule.On = OnRunning && not rule.Action.IsSuspend && not rule.Action.IsResume && Conditions.constant rule.When <> Some false)
    |> Array.ofList

let blockers (policy: Policy) : Forbid[] =
    policy.Forbids
    |> List.filter (fun forbid -> forbid.Blocks |> List.exists (fun kind -> kind = ResizeUpAction || kind = ResizeDownAction))
    |> Array.ofList

/// When a rule proposes its action.
type private Proposing = (struct (int64<ms> * bool)) list

/// A rule with the loads at which what it sees changes, so that what is the same is not asked again.
[<NoEquality; NoComparison>]
type private Watched =
    { Rule: Rule
      Cpu: Loads.Classes
      Memory: Loads.Classes
      ReadsSize: bool
      /// Rules of one action and priority have one number.
      Kind: int
      /// By its own classes of cpu and memory, and the size where it reads that; each with a number that the same has everywhere.
      Known: Dictionary<struct (int * int * int64<mcu>), struct (Proposing * int)> }

[<NoEquality; NoComparison>]
type private Proposal =
    { Of: Rule
      Target: int64<mcu>
      When: Proposing }

let rec private cuts (find: string -> Metric option) (metric: string) (condition: Condition) : int64 list =
    let isOf term = loadOf find term |> Option.exists (fun found -> found.Name = metric)

    match condition with
    | Compare(term, comparison, Literal(_, value)) when isOf term -> Loads.cuts comparison value
    | Compare(Literal(_, value), comparison, term) when isOf term -> Loads.cuts (Order.mirrored comparison) value
    | And parts
    | Or parts -> List.collect (cuts find metric) parts
    | Not part
    | Held(_, part, _) -> cuts find metric part
    | Constant _
    | Compare _
    | IsSet _
    | During _ -> []

/// Where conditions see a difference in a metric of the load. A processor that is not enough is used whole.
let differences find (metric: string) (conditions: Condition list) : int64 list =
    let all = conditions |> List.collect (cuts find metric)
    if metric = "cpu" then all |> List.filter (fun cut -> cut <= 10_000L) else all

/// What holds at a time.
let private valueAt (entries: (struct (int64<ms> * 'a)) list) (time: int64<ms>) (fallback: 'a) : 'a =
    let rec go last (rest: (struct (int64<ms> * 'a)) list) =
        match rest with
        | struct (at, value) :: more when at <= time -> go value more
        | _ -> last

    go fallback entries

/// A move that was worked out, and whether anything would shrink there: then it depends on what memory needs.
[<Struct>]
type Outcome = { Move: Move voption; Shrinks: bool }

/// Remembers what each rule and forbid does in each class of loads; `cpu` and `memory` are cut wherever any of them sees a difference.
[<Sealed>]
type Mover(setting: Setting, cpu: Loads.Classes, memory: Loads.Classes) =
    let policy = setting.Policy
    let find = setting.Find
    let upFrom, downFrom = policy.Cooldown.Up, policy.Cooldown.Down
    let mutable work = 0
    let mutable isSensitive = false

    // What is equal has one number, so that it is compared in full only once.
    let kinds = Dictionary<struct (RuleAction * int), int>()
    let timings = Dictionary<Proposing, int>()

    let kindOf key =
        kinds.TryAdd(key, kinds.Count) |> ignore
        kinds[key]

    let timingOf key =
        timings.TryAdd(key, timings.Count) |> ignore
        timings[key]

    let watch (rule: Rule) (conditions: Condition list) =
        { Rule = rule
          Cpu = Loads.classes (differences find "cpu" conditions)
          Memory = Loads.classes (differences find "memory" conditions)
          ReadsSize = conditions |> List.exists (fun condition -> Conditions.metrics condition |> List.contains "size")
          Kind = kindOf (struct (rule.Action, rule.Priority))
          Known = Dictionary() }

    let rules = resizers policy |> Array.map (fun rule -> watch rule (rule.When :: Option.toList rule.Until))
    let forbids = blockers policy

    let view size cpuUsage memoryUsage : View =
        { Size = size
          Cpu = cpuUsage
          Memory = memoryUsage
          IsInside = setting.IsInside
          FirstSample = setting.FirstSample }

    /// The order of this and the end of a cooldown depends on when the first sample comes.
    let noteTime (time: int64<ms>) =
        let near (cooldown: int64<ms>) = cooldown > 0L<_> && time >= cooldown && time <= cooldown + setting.FirstSample
        if near upFrom || near downFrom then isSensitive <- true

    let proposing (watched: Watched) size cpuUsage memoryUsage : struct (Proposing * int) =
        let key =
            struct (Loads.classOf watched.Cpu cpuUsage, Loads.classOf watched.Memory memoryUsage, (if watched.ReadsSize then size else 0L<mcu>))

        match watched.Known.TryGetValue key with
        | true, known -> known
        | _ ->
            work <- work + 10
            let view = view size cpuUsage memoryUsage
            let condition = unfold find Silent view watched.Rule.When

            let release =
                match watched.Rule.Until with
                | Some release -> ValueSome(unfold find Undecided view release)
                | None -> ValueNone

            let found = Unfolding.proposing condition release

            let found =
                match watched.Rule.Action with
                | Track(name, width, _) ->
                    // Nothing is proposed before what it follows is known.
                    let known = trackedAt find view name width
                    let later = found |> List.filter (fun (struct (time, _)) -> time > known)
                    struct (0L<_>, false) :: struct (known, valueAt found known false) :: later
                | _ -> found

            for struct (time, _) in found do
                noteTime time

            let found = struct (found, timingOf found)
            watched.Known[key] <- found
            found

    let fires (when': Proposing) = when' |> List.exists (fun (struct (_, proposes)) -> proposes)
    let active = Dictionary<struct (int * int), (struct (Watched * Proposing))[]>()

    /// The rules that fire some time at these loads, of those that say the same only one; those that read the size are asked each time.
    let activeAt cpuUsage memoryUsage =
        let key = struct (Loads.classOf cpu cpuUsage, Loads.classOf memory memoryUsage)

        match active.TryGetValue key with
        | true, known -> known
        | _ ->
            work <- work + rules.Length
            let told = HashSet<struct (int * int)>()

            let found =
                [| for watched in rules do
                       if not watched.ReadsSize then
                           let struct (when', timing) = proposing watched 0L<mcu> cpuUsage memoryUsage
                           if fires when' && told.Add(struct (watched.Kind, timing)) then struct (watched, when') |]

            active[key] <- found
            found

    let readers = rules |> Array.filter _.ReadsSize

    let aims = Dictionary<struct (RuleAction * int64<mcu>), int64<mcu>>()

    let aim (rule: Rule) size cpuUsage memoryUsage =
        let asked usage =
            match Stateless.asked policy setting.Range size usage rule.Action with
            | ValueSome target -> target
            | ValueNone -> size

        match rule.Action with
        | Track(name, _, _) -> asked (ValueSome(if name = "cpu" then cpuUsage else memoryUsage))
        | action ->
            let key = struct (action, size)

            match aims.TryGetValue key with
            | true, known -> known
            | _ ->
                let found = asked ValueNone
                aims[key] <- found
                found

    let blocking = Dictionary<struct (int * int * int64<mcu>), Unfolding.Unfolding[]>()
    let forbidsReadSize = forbids |> Array.exists (fun forbid -> Conditions.metrics forbid.When |> List.contains "size")

    let blockingAt size cpuUsage memoryUsage =
        let key = struct (Loads.classOf cpu cpuUsage, Loads.classOf memory memoryUsage, (if forbidsReadSize then size else 0L<mcu>))

        match blocking.TryGetValue key with
        | true, known -> known
        | _ ->
            work <- work + 10 * forbids.Length
            let found = forbids |> Array.map (fun forbid -> unfold find Silent (view size cpuUsage memoryUsage) forbid.When)

            for unfolding in found do
                for struct (time, _) in unfolding do
                    noteTime time

            blocking[key] <- found
            found

    /// What was worked out, in steps of much the same length.
    member _.Work = work

    /// Something depends on when the first sample after a resize comes.
    member _.IsSensitive = isSensitive

    /// The next move under a load; none where the size stays. `floor`: the smallest size that holds the memory in use, at which a shrink stops.
    member _.Next(size: int64<mcu>, cpuUsage: int64, memoryUsage: int64, floor: int64<mcu>) : Outcome =
        let proposals = List<Proposal>()
        let mutable shrinks = false

        let consider (rule: Rule) (when': Proposing) =
            work <- work + 1
            let target = aim rule size cpuUsage memoryUsage
            if target < size then shrinks <- true
            let target = if target < size then max target floor else target
            if target > size || (target < size && floor < size) then proposals.Add { Of = rule; Target = target; When = when' }

        for struct (watched, when') in activeAt cpuUsage memoryUsage do
            consider watched.Rule when'

        for watched in readers do
            let struct (when', _) = proposing watched size cpuUsage memoryUsage
            if fires when' then consider watched.Rule when'

        if proposals.Count = 0 then
            { Move = ValueNone; Shrinks = shrinks }
        else
            let blocking = blockingAt size cpuUsage memoryUsage

            let times = List<int64<ms>>()

            for proposal in proposals do
                for struct (time, _) in proposal.When do
                    times.Add time

            for unfolding in blocking do
                for struct (time, _) in unfolding do
                    times.Add time

            times.Add upFrom
            times.Add downFrom
            times.Sort()

            work <- work + proposals.Count + times.Count

            let isBlocked kind time =
                let mutable isBlocked = false

                for index in 0 .. forbids.Length - 1 do
                    if not isBlocked && List.contains kind forbids[index].Blocks then
                        isBlocked <- valueAt blocking[index] time Kleene.Unknown <> Kleene.False

                isBlocked

            // As the kernel resolves conflicts: an up that is held back still outranks what is smaller.
            let winner time : Move voption =
                let upIsHeld = time < upFrom || isBlocked ResizeUpAction time
                let downIsHeld = time < downFrom || isBlocked ResizeDownAction time
                let mutable priority, capacity, aim = System.Int32.MinValue, 0, 0L<mcu>
                let mutable winners = []

                for proposal in proposals do
                    if valueAt proposal.When time false then
                        let isUp = proposal.Target > size

                        if isUp || not downIsHeld then
                            let mine = proposal.Of.Priority
                            let most = if not isUp then 1 elif upIsHeld then 2 else 3
                            let target = if most = 2 then 0L<mcu> else proposal.Target

                            if mine > priority || (mine = priority && (most > capacity || (most = capacity && target > aim))) then
                                priority <- mine
                                capacity <- most
                                aim <- target
                                winners <- [ proposal.Of ]
                            elif mine = priority && most = capacity && target = aim then
                                winners <- proposal.Of :: winners

                if capacity = 1 || capacity = 3 then
                    ValueSome { Into = aim; Rules = List.rev winners; After = time }
                else
                    ValueNone

            let rec first index =
                if index = times.Count then ValueNone
                elif index > 0 && times[index] = times[index - 1] then first (index + 1)
                else
                    match winner times[index] with
                    | ValueSome move -> ValueSome move
                    | ValueNone -> first (index + 1)

            { Move = first 0; Shrinks = shrinks }
