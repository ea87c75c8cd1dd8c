namespace Serverless.Rules

open Serverless.Core

/// A property that did not hold in a course.
type Breach =
    { Property: Property
      At: int64<ms>
      /// What came instead, in words.
      Words: string }

/// Holds properties against courses.
module Breaches =
    let private span (value: int64<ms>) = Quantity.show Duration (int64 value)

    /// The conditions of a property, in the order in which `broken` reads what they were.
    let conditions (property: Property) : Condition list =
        match property.Claim with
        | NeverWhen(_, given) -> [ given ]
        | AlwaysHolds(holds, given) -> [ holds; given ]
        | LeadsTo(cause, _, _, _, _) -> [ cause ]
        | AtMost _
        | SettlesWithin _ -> []

    /// What grows with the time alone.
    let private ages = set [ "idle"; "compute.age"; "spent.day"; "spent.month" ]

    /// It says how long something takes, which nobody can hold to whose clock is set meanwhile.
    let isOfTimes (property: Property) : bool =
        let isOfTimes condition = not (Conditions.times condition).IsEmpty || Conditions.metrics condition |> List.exists ages.Contains

        match property.Claim with
        | AtMost _
        | LeadsTo _
        | SettlesWithin _ -> true
        | NeverWhen _
        | AlwaysHolds _ -> conditions property |> List.exists isOfTimes

    let private among kinds (action: Begun) = List.contains action.Kind kinds

    let private atMost count kinds (per: int64<ms>) (course: Course) =
        let times = course.Actions |> Array.filter (among kinds) |> Array.map _.At
        let first = int count

        seq { first .. times.Length - 1 }
        |> Seq.tryFind (fun index -> times[index] - times[index - first] < per)
        |> Option.map (fun index -> times[index], $"{count + 1L} of them between {span times[index - first]} and {span times[index]}")

    let private neverWhen kinds place (course: Course) =
        course.Actions
        |> Array.tryFind (fun action -> among kinds action && action.Truths[place] = ValueSome true)
        |> Option.map (fun action -> action.At, action.Words)

    /// The value at an instant: the last one that was seen until then.
    let private valueAt (at: int64<ms>) (truths: Truth[]) : bool voption =
        match truths |> Array.tryFindIndexBack (fun truth -> truth.At <= at) with
        | Some index -> truths[index].Value
        | None -> ValueNone

    /// What lasts no time was never so: several steps of one instant are one.
    let private lasting (length: int64<ms>) (truths: Truth[]) : Truth[] =
        truths
        |> Array.indexed
        |> Array.filter (fun (index, truth) -> index = truths.Length - 1 || truths[index + 1].At > truth.At)
        |> Array.map snd
        |> Array.filter (fun truth -> truth.At <= length)

    let private always place (course: Course) =
        let holds, given = lasting course.Length course.Truths[place], lasting course.Length course.Truths[place + 1]

        Array.append holds given
        |> Array.map _.At
        |> Array.sort
        |> Array.tryFind (fun at -> valueAt at holds = ValueSome false && valueAt at given = ValueSome true)
        |> Option.map (fun at -> at, "it is false then")

    /// Just before: what becomes true may have been answered in the same instant.
    let private stoodAs compute (at: int64<ms>) (course: Course) =
        let standing = course.Standings |> Array.tryFindBack (fun standing -> standing.At < at) |> Option.defaultValue course.Standings[0]

        match compute with
        | None -> true
        | Some OnSuspended -> standing.Phase = Phase.Suspended || standing.Phase = Phase.Failed
        | Some OnRunning -> standing.Phase <> Phase.Suspended && standing.Phase <> Phase.Failed

    /// Where a cause begins, by its place among what it was.
    let private causes during (truths: Truth[]) (course: Course) =
        let isTrue (truth: Truth) = truth.Value = ValueSome true

        truths
        |> Array.indexed
        |> Array.filter (fun (index, truth) -> isTrue truth && (index = 0 || not (isTrue truths[index - 1])) && stoodAs during truth.At course)

    let private leadsTo isFirst kinds (within: int64<ms>) during place (course: Course) =
        let truths = course.Truths[place]

        causes during truths course
        |> Array.tryPick (fun (index, cause) ->
            let deadline = cause.At + within
            let ends = if index + 1 < truths.Length then truths[index + 1].At else course.Length + 1L<ms>
            let following = course.Actions |> Array.filter (fun action -> action.At >= cause.At)
            let answer = following |> Array.tryFind (among kinds)
            let first = following |> Array.tryHead

            match answer with
            | Some answer when answer.At <= deadline ->
                match first with
                | Some first when isFirst && not (among kinds first) -> Some(first.At, $"since {span cause.At} it is true, and first came: {first.Words}")
                | _ -> None
            // The cause ended before, or the course did: nothing is proved.
            | _ when ends <= deadline || course.Length < deadline -> None
            | _ -> Some(deadline, $"since {span cause.At} it is true, and nothing of the kind came"))

    /// The first change of size or phase that came too late under a load that does not change. `edges` are the instants at which a schedule
    /// began or ended: what a schedule changes is given its time anew.
    let unsettled (within: int64<ms>) (edges: int64<ms>[]) (course: Course) : int64<ms> option =
        course.Standings
        |> Array.skip 1
        |> Array.tryFind (fun standing -> standing.At > within && not (edges |> Array.exists (fun edge -> edge <= standing.At && standing.At - edge <= within)))
        |> Option.map _.At

    /// Where a property is broken, if it is. `place` is that of its first condition among those that were watched. That it settles is about
    /// loads that do not change, and is not looked at here.
    let broken (place: int) (course: Course) (property: Property) : Breach option =
        let found =
            match property.Claim with
            | AtMost(count, kinds, per) -> atMost count kinds per course
            | NeverWhen(kinds, _) -> neverWhen kinds place course
            | AlwaysHolds _ -> always place course
            | LeadsTo(_, isFirst, kinds, within, during) -> leadsTo isFirst kinds within during place course
            | SettlesWithin _ -> None

        found |> Option.map (fun (at, words) -> { Property = property; At = at; Words = words })

    /// What the property speaks of came about, so that it could have been broken. `place` as in `broken`.
    let isTested (place: int) (course: Course) (property: Property) : bool =
        let wasTrue (truths: Truth[]) = truths |> Array.exists (fun truth -> truth.Value = ValueSome true)

        match property.Claim with
        | AtMost(_, kinds, _) -> course.Actions |> Array.exists (among kinds)
        | NeverWhen _ -> wasTrue course.Truths[place]
        | AlwaysHolds _ -> wasTrue course.Truths[place + 1]
        | LeadsTo(_, _, kinds, within, during) ->
            let truths = course.Truths[place]
            let lasts index deadline = deadline <= course.Length && (index + 1 >= truths.Length || truths[index + 1].At > deadline)
            let isAnswered (cause: Truth) = course.Actions |> Array.exists (fun action -> among kinds action && action.At >= cause.At && action.At <= cause.At + within)
            causes during truths course |> Array.exists (fun (index, cause) -> isAnswered cause || lasts index (cause.At + within))
        | SettlesWithin within -> course.Length > within
