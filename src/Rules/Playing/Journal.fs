namespace Serverless.Rules

open Serverless.Core

/// Writes down the course of a play as it comes about.
[<Sealed>]
type internal Journal(watched: int) =
    let actions = ResizeArray<Begun>()
    let standings = ResizeArray<Standing>()
    let truths = Array.init watched (fun _ -> ResizeArray<Truth>())
    let notes = ResizeArray<Note>()
    let mutable blocked: (string * string) list = []

    let span (value: int64<ms>) = Quantity.show Duration (int64 value)
    let sizeOf (value: int64<mcu>) = Quantity.show Size (int64 value)

    member _.LastStanding = standings[standings.Count - 1]

    member _.Note(now: int64<ms>, isGiven: bool, words: string) = notes.Add { At = now; Words = words; IsGiven = isGiven }

    /// The first one is what there is at the start, and no news.
    member journal.Stand(now: int64<ms>, phase: Phase, size: int64<mcu>) =
        if standings.Count > 0 then
            journal.Note(now, false, $"{Phases.name phase} {sizeOf size}")

        standings.Add { At = now; Phase = phase; Size = size }

    member _.See(now: int64<ms>, found: bool voption[]) =
        found
        |> Array.iteri (fun index truth ->
            let known = truths[index]

            if known.Count = 0 || known[known.Count - 1].Value <> truth then
                known.Add { At = now; Value = truth })

    member journal.Begin(now: int64<ms>, effect: Effect, size: int64<mcu>, decision: Decision, truths: bool voption[]) =
        let reasons =
            decision.Reasons
            |> List.map (fun reason -> if reason.Seen.IsEmpty then reason.By else reason.By + ": " + String.concat ", " reason.Seen)
            |> String.concat "; "

        let kind, goal, words =
            match effect with
            | DoSuspend _ -> SuspendAction, size, $"suspend, by {reasons}"
            | DoResume goal -> ResumeAction, goal, $"resume at {sizeOf goal}, by {reasons}"
            | DoResize goal -> (if goal > size then ResizeUpAction else ResizeDownAction), goal, $"resize from {sizeOf size} to {sizeOf goal}, by {reasons}"

        actions.Add { At = now; Kind = kind; Size = goal; By = decision.Because; Words = words; Truths = truths }
        journal.Note(now, false, words)

    /// What is held back is told when it changes, and not again with each look.
    member journal.Hold(now: int64<ms>, found: Blocked list) =
        let keys = found |> List.map (fun one -> one.Rule, one.By)

        if keys <> blocked then
            for one in found do
                if not (List.contains (one.Rule, one.By) blocked) then
                    journal.Note(now, false, $"{one.Rule} would {one.Proposal}, and is held back by {one.By}: {one.Reason}")

            blocked <- keys

    /// What the scenario gives, piece by piece; a long pattern is not told to its end.
    member _.Course(length: int64<ms>, isCut: bool, series: Series list) : Course =
        let level (one: Series) (value: int64) = Quantity.show one.Type value

        let told (one: Series) =
            one.Pieces
            |> Seq.truncate 200
            |> Seq.map (fun (piece: Piece) ->
                let words =
                    if piece.IsMissing then $"{one.Name} is not measured"
                    elif piece.First = piece.Last then $"{one.Name} {level one piece.First}"
                    elif one.Name = "idle" then "idle rises"
                    else $"{one.Name} {level one piece.First} -> {level one piece.Last} over {span (piece.To - piece.From)}"

                { At = piece.From; Words = words; IsGiven = true })

        { Length = length
          Actions = actions.ToArray()
          Standings = standings.ToArray()
          Truths = truths |> Array.map _.ToArray()
          Notes = Seq.append (Seq.collect told series) notes |> Seq.sortBy (fun note -> note.At) |> Array.ofSeq
          IsCut = isCut }
