namespace Serverless.Rules

open Serverless.Core

/// A stretch of a lane, in the scale of its type. `idle` is 0 in it, or rises, which is 1.
[<Struct>]
type internal Part =
    { Length: int64<ms>
      First: int64
      Last: int64
      /// Nothing is measured.
      IsMissing: bool }

/// What a metric or another input of a scenario is, one part after the other. The last goes on to the end.
type internal Lane =
    { Name: string
      Type: ValueType
      Parts: Part list }

/// A made-up life of a database, in a form that can be made smaller.
type internal Attack =
    { Start: int64<ms>
      Begins: StartState
      /// Thousandths of a compute-unit hour.
      SpentDay: int64
      SpentMonth: int64
      Lanes: Lane list
      Events: struct (int64<ms> * ScenarioEvent) list
      Length: int64<ms> }

module internal Attack =
    let level (name: string) (kind: ValueType) (value: int64) : Lane =
        { Name = name
          Type = kind
          Parts = [ { Length = 60_000L<ms>; First = value; Last = value; IsMissing = false } ] }

    let isRamp (lane: Lane) (part: Part) = lane.Name <> "idle" && part.First <> part.Last

    /// Parts that begin before the end. A ramp that is cut there ends at what it would have been, and what it came to stays.
    let private cut (length: int64<ms>) (lane: Lane) : Part list =
        let shorten (part: Part) (rest: int64<ms>) =
            let share = decimal rest * decimal (part.Last - part.First) / decimal part.Length
            { part with Length = rest; Last = part.First + int64 share }

        let kept, _ =
            (([], 0L<ms>), lane.Parts)
            ||> List.fold (fun (kept, from) part ->
                if from >= length then kept, from
                elif from + part.Length > length && isRamp lane part then shorten part (length - from) :: kept, length
                else part :: kept, from + part.Length)

        match kept with
        | last :: _ when isRamp lane last -> { last with First = last.Last } :: kept
        | _ -> kept
        |> List.rev

    /// As it is written in a file: nothing lies behind its end, and every lane goes on to it.
    let trimmed (attack: Attack) : Attack =
        { attack with
            Lanes = attack.Lanes |> List.map (fun lane -> { lane with Parts = cut attack.Length lane })
            Events = attack.Events |> List.filter (fun (struct (at, _)) -> at <= attack.Length) |> List.sortBy (fun (struct (at, _)) -> at) }

    let private series (length: int64<ms>) (lane: Lane) : Series =
        let last = lane.Parts.Length - 1
        let placed, _ = (0L<ms>, lane.Parts) ||> List.mapFold (fun from part -> (from, part), from + part.Length)

        let piece index (from: int64<ms>, part: Part) : Piece =
            let rises = lane.Name = "idle" && part.Last > 0L

            let until =
                if index < last then min length (from + part.Length)
                elif rises then max from length
                else max from length + 1L<ms>

            { From = from
              To = until
              First = part.First
              Last = (if rises then int64 (until - from) else part.Last)
              IsMissing = part.IsMissing }

        { Name = lane.Name
          Type = lane.Type
          Pieces = placed |> List.mapi piece |> List.filter (fun piece -> piece.To > piece.From) |> Array.ofList }

    /// As the player takes it.
    let scenario (attack: Attack) : Scenario =
        let attack = trimmed attack

        { Title = "a made-up load"
          Origin = { File = ""; Line = 0; Column = 0 }
          Start = attack.Start
          Begins = attack.Begins
          Machine = ValueNone
          SpentDay = attack.SpentDay
          SpentMonth = max attack.SpentDay attack.SpentMonth
          Series = attack.Lanes |> List.map (series attack.Length)
          Events = attack.Events
          Expectations = []
          Length = attack.Length }
