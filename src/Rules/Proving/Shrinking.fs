/// Makes a life that breaks something smaller, as long as it breaks the same.
module internal Serverless.Rules.Shrinking

open Serverless.Core

let private second = 1_000L<ms>

/// What it takes to tell it: few parts first, then short words, then a short time.
let private cost (attack: Attack) : struct (int * int * int64<ms>) =
    let parts = attack.Lanes |> List.sumBy (fun lane -> lane.Parts.Length)
    let words = (ScenarioText.write { Name = ""; Transitions = [] } "" attack attack.Length "").Length
    struct (parts + attack.Events.Length, words + (if attack.Start = Attacking.noon then 0 else 1), attack.Length)

let private others (index: int) (all: 'a list) = all |> List.indexed |> List.filter (fun (at, _) -> at <> index) |> List.map snd
let private replaced (index: int) (by: 'a) (all: 'a list) = all |> List.mapi (fun at one -> if at = index then by else one)

/// Without its first stretch.
let private later (by: int64<ms>) (attack: Attack) : Attack =
    let rec drop (rest: int64<ms>) (parts: Part list) =
        match parts with
        | part :: (_ :: _ as others) when part.Length <= rest -> drop (rest - part.Length) others
        | part :: others when rest > 0L<ms> && part.Length > rest && part.First = part.Last -> { part with Length = part.Length - rest } :: others
        | parts -> parts

    { attack with
        Start = attack.Start + by
        Lanes = attack.Lanes |> List.map (fun lane -> { lane with Parts = drop by lane.Parts })
        Events = attack.Events |> List.map (fun (struct (at, event)) -> struct (max 0L<ms> (at - by), event))
        Length = attack.Length - by }

let private roundTimes: int64<ms> list = [ 86_400_000L<ms>; 3_600_000L<ms>; 600_000L<ms>; 60_000L<ms>; 10_000L<ms>; second ]

/// Rounder ones near to it, and its half.
let private rounderTimes (time: int64<ms>) : int64<ms> list =
    [ for grain in roundTimes do
          if time > grain then time / grain * grain
          if time % grain <> 0L<ms> && time > grain / 4L then (time / grain + 1L) * grain
      time / 2L / second * second ]
    |> List.filter (fun rounder -> rounder > 0L<ms> && rounder <> time)
    |> List.distinct

let private rounderValues (kind: ValueType) (value: int64) : int64 list =
    let grains =
        match kind with
        | Flag -> []
        | Percent -> [ 2_000L; 1_000L; 500L; 100L ]
        | Cpu -> [ 1_000L; 500L; 100L; 10L ]
        | Bytes -> [ 1L <<< 30; 1L <<< 28; 1L <<< 20 ]
        | _ -> [ 100_000L; 10_000L; 1_000L; 100L ]

    [ if value > 0L then 0L
      for grain in grains do
          if value % grain <> 0L then
              value / grain * grain
              (value / grain + 1L) * grain ]
    |> List.distinct

let private ofLane (lane: Lane) : Lane seq =
    let withParts parts = { lane with Parts = parts }

    seq {
        if lane.Parts.Length > 1 then
            withParts [ List.last lane.Parts ]
            withParts (List.truncate (lane.Parts.Length / 2) lane.Parts)
            withParts (List.skip (lane.Parts.Length / 2) lane.Parts)

            for index in 0 .. lane.Parts.Length - 1 do
                withParts (others index lane.Parts)

                // The one before goes on instead of it.
                if index > 0 then
                    let before = lane.Parts[index - 1]
                    withParts (lane.Parts |> replaced (index - 1) { before with Length = before.Length + lane.Parts[index].Length } |> others index)

        for index, part in List.indexed lane.Parts do
            if part.IsMissing then withParts (lane.Parts |> replaced index { part with IsMissing = false })

            if lane.Name <> "idle" then
                if part.First <> part.Last then
                    withParts (lane.Parts |> replaced index { part with Last = part.First })
                    withParts (lane.Parts |> replaced index { part with First = part.Last })
                else
                    for value in rounderValues lane.Type part.First do
                        withParts (lane.Parts |> replaced index { part with First = value; Last = value })

            for time in rounderTimes part.Length do
                withParts (lane.Parts |> replaced index { part with Length = time })
    }

let private ofEvent (struct (at, event): struct (int64<ms> * ScenarioEvent)) : struct (int64<ms> * ScenarioEvent) seq =
    seq {
        if at > 0L<ms> then struct (0L<ms>, event)

        for time in rounderTimes at do
            struct (time, event)

        match event with
        | ScenarioEvent.Statements(count, length) when count > 1 || length <> second -> struct (at, ScenarioEvent.Statements(1, second))
        | EffectsTake(kind, length) ->
            for time in rounderTimes length do
                struct (at, EffectsTake(kind, time))
        | ClockJumps by ->
            for time in rounderTimes (abs by) do
                struct (at, ClockJumps(int64 (sign by) * time))
        | _ -> ()
    }

/// Simpler lives, the most daring first.
let private simpler (policy: Policy) (attack: Attack) : Attack seq =
    seq {
        if not attack.Events.IsEmpty then { attack with Events = [] }

        for index in 0 .. attack.Lanes.Length - 1 do
            { attack with Lanes = others index attack.Lanes }

        for index in 0 .. attack.Events.Length - 1 do
            { attack with Events = others index attack.Events }

        if attack.SpentDay > 0L then { attack with SpentDay = 0L }
        if attack.SpentMonth > 0L then { attack with SpentMonth = 0L }

        for by in [ attack.Length / 2L; attack.Length / 4L; attack.Length / 10L ] do
            if by >= second then later (by / second * second) attack

        for lane in attack.Lanes do
            match lane.Parts with
            | first :: _ :: _ when first.Length >= second -> later (first.Length / second * second) attack
            | _ -> ()

        for index, lane in List.indexed attack.Lanes do
            for smaller in ofLane lane do
                { attack with Lanes = replaced index smaller attack.Lanes }

        for index, event in List.indexed attack.Events do
            for smaller in ofEvent event do
                { attack with Events = replaced index smaller attack.Events }

        match attack.Begins with
        | StartsRunning(size, Some since) ->
            { attack with Begins = StartsRunning(size, None) }

            for time in rounderTimes since do
                { attack with Begins = StartsRunning(size, Some time) }
        | StartsSuspended(Some _) -> { attack with Begins = StartsSuspended None }
        | _ -> ()

        for bounds in policy.Bounds |> List.filter _.During.IsNone do
            match attack.Begins with
            | StartsRunning(size, since) when size <> bounds.Min -> { attack with Begins = StartsRunning(bounds.Min, since) }
            | _ -> ()

        if attack.Start <> Attacking.noon then { attack with Start = Attacking.noon }

        for grain in [ 86_400_000L<ms>; 3_600_000L<ms>; 60_000L<ms> ] do
            if attack.Start % grain <> 0L<ms> then { attack with Start = attack.Start / grain * grain }
    }

/// So many lives are played at most: what is small enough to be read is found long before.
let private mostTries = 1_500

/// The smallest that was found until `isOver`, with where it breaks. `breaks` plays a life.
let smallestOf (policy: Policy) (breaks: Attack -> Fault option) (isOver: unit -> bool) (attack: Attack) (broken: Fault) : struct (Attack * Fault) =
    let mutable tries = 0
    let isDone () = tries >= mostTries || isOver ()

    let attempt (one: Attack) =
        if one.Length > 0L<ms> && not (isDone ()) then
            tries <- tries + 1
            breaks one
        else
            None

    /// It ends where it breaks, or a second later where it is broken by what begins there.
    let ended (one: Attack) (broken: Fault) =
        let short (length: int64<ms>) =
            let short = Attack.trimmed { one with Length = max second length }
            attempt short |> Option.filter (fun again -> again.At = broken.At) |> Option.map (fun again -> struct (short, again))

        short broken.At
        |> Option.orElseWith (fun () -> short (broken.At + second))
        |> Option.defaultValue (struct (one, broken))

    let rec go (struct (best, broken): struct (Attack * Fault)) =
        let price = cost best

        let found =
            simpler policy best
            |> Seq.filter (fun one -> cost (Attack.trimmed one) < price)
            |> Seq.tryPick (fun one -> attempt one |> Option.map (fun broken -> ended (Attack.trimmed one) broken))

        match found with
        | Some(struct (smaller, _) as next) when cost smaller < price -> go next
        | _ -> struct (best, broken)

    go (ended attack broken)

/// The same, for what judges a life as the player takes it.
let smallest (policy: Policy) (breaks: Scenario -> Fault option) isOver attack broken =
    smallestOf policy (Attack.scenario >> breaks) isOver attack broken
