/// Rules beside each other: those that another always outranks, that forbids always stop, and that have no size to go to.
module internal Serverless.Rules.Analysis.RuleAnalysis

open Serverless.Core
open Serverless.Rules
open Serverless.Rules.Analysis.Possible

/// Sizes in a policy beyond which it is not asked what each rule comes to at each of them.
[<Literal>]
let private MostSizes = 1_024L

/// All ranges that schedules make.
let ranges (context: Context) : Stateless.SizeRange list =
    match context.Timeline with
    | None -> []
    | Some timeline ->
        timeline.Combinations
        |> Array.map (fun holding -> Stateless.range context.Policy (fun name -> holding &&& Timeline.bit timeline name <> 0UL))
        |> Array.distinctBy (fun range -> struct (range.Least, range.Most))
        |> List.ofArray

/// Every size in every range, each with its range; empty when there are too many.
let private sizes (context: Context) : struct (Stateless.SizeRange * int64<mcu>)[] =
    let ranges = ranges context
    let step = max 1L<mcu> context.Policy.Step
    let count = ranges |> List.sumBy (fun range -> (range.Most - range.Least) / step + 1L)

    if count > MostSizes then
        [||]
    else
        [| for range in ranges do
               for size in range.Least .. step .. range.Most do
                   struct (range, size) |]

/// What a rule of a fixed aim asks for at each of the sizes.
let private aims (context: Context) (sizes: struct (Stateless.SizeRange * int64<mcu>)[]) (rule: Rule) : int64<mcu>[] =
    sizes
    |> Array.map (fun (struct (range, size)) ->
        match Stateless.asked context.Policy range size ValueNone rule.Action with
        | ValueSome target -> target
        | ValueNone -> size)

/// A rule with what it comes to at every size, and where it was seen to fire and not to.
type private Judged =
    { Rule: Rule
      Aims: int64<mcu>[]
      Holds: uint64
      Fails: uint64 }

/// What one gives up on, the other gives up on too, and no later.
let private breaksAsMuch (limit: int64<ms> option) (other: int64<ms> option) =
    match limit, other with
    | None, _ -> true
    | Some limit, Some other -> other <= limit
    | Some _, None -> false

/// Whenever both fire, the second makes the first one's proposal pointless, whatever is forbidden or cooling.
let private outranks (sizes: struct (Stateless.SizeRange * int64<mcu>)[]) (first: Judged) (second: Judged) : bool =
    let above = second.Rule.Priority > first.Rule.Priority
    let level = second.Rule.Priority = first.Rule.Priority

    match first.Rule.Action, second.Rule.Action with
    | Suspend mine, Suspend other when above ->
        breaksAsMuch mine.Transactions other.Transactions && breaksAsMuch mine.PinnedSessions other.PinnedSessions
    | Suspend mine, Suspend other -> level && mine = other
    | Resume None, Resume _ -> true
    | Resume(Some mine), Resume(Some other) -> above || (level && other >= mine)
    | Resume(Some _), Resume None -> false
    | Track(metric, width, target), Track(other, otherWidth, otherTarget) -> (above || level) && metric = other && width = otherWidth && target = otherTarget
    | Track _, _
    | _, Track _ -> false
    | (ResizeUp _ | ResizeDown _ | ResizeTo _ | Suspend _), (ResizeUp _ | ResizeDown _ | ResizeTo _) ->
        sizes.Length > 0
        && (above || level)
        && Seq.forall
            (fun index ->
                let struct (_, size) = sizes[index]
                let mine, other = first.Aims[index], second.Aims[index]
                // An up that is held back still keeps others from shrinking; a down that is held back does not.
                let up = other > size && (mine <= size || above || other >= mine)
                let down = other < size && mine < size && (above || other >= mine)
                (first.Rule.Action.IsSuspend && up) || (not first.Rule.Action.IsSuspend && (mine = size || up || down)))
            (seq { 0 .. sizes.Length - 1 })
    | _ -> false

let private at (rule: Rule) = struct (rule.Origin.File, rule.Origin.Line, rule.Origin.Column)

let private shadows (context: Context) =
    let sizes = sizes context
    let rules = context.Policy.Rules |> List.filter (fun rule -> Conditions.constant rule.When <> Some false) |> Array.ofList
    // A rule with a release fires while that is false.
    let firing = rules |> Array.map (fun rule -> match rule.Until with Some release -> Not release | None -> rule.When)
    let all = Witnesses.situations context.Find context.Timeline (Array.append firing (rules |> Array.map _.When))

    let judged =
        rules
        |> Array.mapi (fun index rule ->
            let struct (holds, fails) = all[index]
            let struct (_, unmet) = all[rules.Length + index]
            { Rule = rule; Aims = aims context sizes rule; Holds = holds; Fails = fails ||| unmet })

    // What is cheap to see comes first.
    let pointless (first: Judged) (second: Judged) =
        first.Holds &&& second.Fails = 0UL
        && first.Rule.On = second.Rule.On
        && first.Rule.Priority <= second.Rule.Priority
        && outranks sizes first second
        && Firing.isImplied context.Running (Firing.demands first.Rule) second.Rule

    for first in judged do
        // Of two that make each other pointless, the later is the one to remove.
        let isShadow (second: Judged) =
            not (obj.ReferenceEquals(first, second)) && pointless first second && (at second.Rule < at first.Rule || not (pointless second first))

        match judged |> Array.tryFind isShadow with
        // One that cannot fire at all is told of elsewhere.
        | Some shadow when context.Running.IsPossible(Firing.demands first.Rule) && context.Running.IsPossible [ struct (IsTrue, first.Rule.When) ] ->
            let place = context.Place first.Rule.Origin
            context.Report(place, place.Whole, Shadowed(first.Rule.Name, shadow.Rule.Name))
        | _ -> ()

    // With nowhere to go at any size, a rule to resize does nothing; the bounds say so where they leave one size only.
    if sizes.Length > 0 then
        for rule in judged do
            let resizes = not (rule.Rule.Action.IsSuspend || rule.Rule.Action.IsResume || rule.Rule.Action.IsTrack)
            let still = Seq.forall (fun index -> let struct (_, size) = sizes[index] in rule.Aims[index] = size) (seq { 0 .. sizes.Length - 1 })
            let single = sizes |> Array.forall (fun (struct (range, _)) -> range.Least = range.Most)

            if (resizes && still) || (rule.Rule.Action.IsTrack && single) then
                let place = context.Place rule.Rule.Origin
                context.Report(place, place.Do, NothingToResize(PolicyText.action rule.Rule.Action))

/// Rules whose action some forbid blocks whenever they fire. Those that are forbidden without a condition have their own word.
let private forbidden (context: Context) =
    for rule in context.Policy.Rules do
        let given = Firing.demands rule

        let blockers kind =
            context.Policy.Forbids |> List.filter (fun forbid -> List.contains kind forbid.Blocks)

        let isStopped kind =
            let forbids = blockers kind
            not forbids.IsEmpty && not (context.Running.IsPossible(given @ (forbids |> List.map (fun forbid -> struct (IsFalse, forbid.When)))))

        let kinds = Firing.kinds rule.Action
        let always kind = blockers kind |> List.exists (fun forbid -> Conditions.constant forbid.When = Some true)

        if
            rule.On = OnRunning
            && List.forall isStopped kinds
            && not (List.forall always kinds)
            && context.Running.IsPossible given
        then
            let place = context.Place rule.Origin
            let names = kinds |> List.collect blockers |> List.map _.Name |> List.distinct
            context.Report(place, place.Whole, AlwaysForbidden(kinds |> List.map PolicyText.actionKind, names))

let check (context: Context) : unit =
    shadows context
    forbidden context
