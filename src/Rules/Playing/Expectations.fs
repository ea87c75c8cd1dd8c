/// Holds what a scenario expects against what came.
module internal Serverless.Rules.Expectations

open Serverless.Core

/// An expectation that was not met: since when it is clear, and what came instead.
type Miss = { At: int64<ms>; Came: string }

let private span (value: int64<ms>) = Quantity.show Duration (int64 value)
let private sizeOf (value: int64<mcu>) = Quantity.show Size (int64 value)
let private told (action: Begun) = $"{action.Words}, at {span action.At}"

let private noAction kinds (during: Stretch) (course: Course) : Miss option =
    course.Actions
    |> Array.tryFind (fun action -> List.contains action.Kind kinds && during.Contains action.At)
    |> Option.map (fun action -> { At = action.At; Came = told action })

let private someAction kinds (size: int64<mcu> option) (by: string option) (during: Stretch) (course: Course) : Miss option =
    let ofKind = course.Actions |> Array.filter (fun action -> List.contains action.Kind kinds)

    let isRight (action: Begun) =
        size |> Option.forall ((=) action.Size) && by |> Option.forall (fun by -> List.contains by action.By)

    if ofKind |> Array.exists (fun action -> isRight action && during.Contains action.At) then
        None
    else
        // What is nearest to being right explains most: the right kind in time, then the right action at another time.
        match ofKind |> Array.tryFind (fun action -> during.Contains action.At), ofKind |> Array.tryFind isRight with
        | Some action, _ -> Some { At = action.At; Came = told action }
        | None, Some action -> Some { At = min action.At during.To; Came = told action }
        | None, None ->
            match ofKind |> Array.tryHead with
            | Some action -> Some { At = min action.At during.To; Came = told action }
            | None -> Some { At = during.To; Came = "nothing of the kind" }

/// The first instant of a stretch at which what holds from `From` until `Until`, not included, is wrong.
let private firstWrong (during: Stretch) (wrongs: (int64<ms> * int64<ms> * string) seq) : Miss option =
    let first = if during.IsAfter then during.From + 1L<ms> else during.From
    let last = if during.IsUntil then during.To - 1L<ms> else during.To

    wrongs
    |> Seq.tryPick (fun (from, until, came) ->
        let at = max from first

        // `until` is the same instant where several steps were made in it: that state was never seen.
        if at < until && at <= last then Some { At = at; Came = came } else None)

let private stands (isRight: Standing -> bool) (during: Stretch) (course: Course) : Miss option =
    seq {
        for index in 0 .. course.Standings.Length - 1 do
            let standing = course.Standings[index]
            let until = if index + 1 < course.Standings.Length then course.Standings[index + 1].At else course.Length + 1L<ms>

            if not (isRight standing) then
                standing.At, until, $"{Phases.name standing.Phase} {sizeOf standing.Size} since {span standing.At}"
    }
    |> firstWrong during

let private holds (truths: Truth[]) (during: Stretch) (length: int64<ms>) : Miss option =
    seq {
        for index in 0 .. truths.Length - 1 do
            let until = if index + 1 < truths.Length then truths[index + 1].At else length + 1L<ms>

            match truths[index].Value with
            | ValueSome true -> ()
            | ValueSome false -> truths[index].At, until, $"it is false since {span truths[index].At}"
            | ValueNone -> truths[index].At, until, $"it is unknown since {span truths[index].At}"
    }
    |> firstWrong during

/// What is wrong, if anything. `truths` are those of its condition, where it has one.
let miss (course: Course) (truths: Truth[]) (expectation: Expectation) : Miss option =
    let during = expectation.During

    match expectation.Expected with
    | NoAction kinds -> noAction kinds during course
    | SomeAction(kinds, size, by) -> someAction kinds size by during course
    | IsRunning size -> stands (fun standing -> standing.Phase = Phase.Running && size |> Option.forall ((=) standing.Size)) during course
    | IsSuspended -> stands (fun standing -> standing.Phase = Phase.Suspended) during course
    | Holding _ -> holds truths during course.Length
