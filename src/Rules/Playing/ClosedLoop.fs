namespace Serverless.Rules

open Serverless.Core

/// What became of the sizes under a load that does not change.
type Settling =
    /// No size and no phase changed any more.
    | Settled of size: int64<mcu> * phase: Phase * after: int64<ms>
    /// The same sizes over and over, in this order.
    | Cycling of sizes: int64<mcu> list
    /// It still changed, in no pattern that repeated itself.
    | Undecided

/// A policy against a load that does not change: sizes in, usage out, usage in, sizes out.
module ClosedLoop =
    /// Half of the time without a change counts as settled: the caller chooses a length well beyond twice the longest window and cooldown.
    let private calm (course: Course) = course.Length / 2L

    /// `at` is Unix time in milliseconds: schedules are looked up there.
    let scenario (work: Work) (from: int64<mcu>) (at: int64<ms>) (length: int64<ms>) : Scenario =
        let level name kind value : Series =
            { Name = name
              Type = kind
              Pieces = [| { From = 0L<ms>; To = length + 1L<ms>; First = value; Last = value; IsMissing = false } |] }

        { Title = "a load that does not change"
          Origin = { File = ""; Line = 0; Column = 0 }
          Start = at
          Begins = StartsRunning(from, None)
          Machine = ValueNone
          SpentDay = 0L
          SpentMonth = 0L
          Series = [ level Given.load Cpu (int64 work.Cpu); level Given.resident Bytes (int64 work.Resident) ]
          Events = []
          Expectations = []
          Length = length }

    /// Plays the policy for this long, from a compute that has run at this size for long.
    let run (policy: Policy) (work: Work) (from: int64<mcu>) (at: int64<ms>) (length: int64<ms>) : Course =
        Player.play policy [] (scenario work from at length)

    /// The shortest pattern that the sizes end in, at least three times over.
    let private cycle (sizes: int64<mcu>[]) : int64<mcu> list option =
        let repeats period =
            let last = sizes.Length
            last >= 3 * period && Seq.forall (fun index -> sizes[last - 1 - index] = sizes[last - 1 - index - period]) (seq { 0 .. 2 * period - 1 })

        seq { 2 .. sizes.Length / 3 }
        |> Seq.tryFind repeats
        |> Option.map (fun period -> sizes[sizes.Length - period ..] |> List.ofArray)

    let settling (course: Course) : Settling =
        let last = course.Standings[course.Standings.Length - 1]
        let sizes = course.Actions |> Array.filter (fun action -> action.Kind = ResizeUpAction || action.Kind = ResizeDownAction) |> Array.map _.Size

        if course.Length - last.At >= calm course then
            Settled(last.Size, last.Phase, last.At)
        else
            match cycle sizes with
            | Some pattern -> Cycling pattern
            | None -> Undecided
