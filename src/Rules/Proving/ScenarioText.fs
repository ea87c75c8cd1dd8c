/// A made-up life as a scenario block, which `rules test` plays to the same course.
module internal Serverless.Rules.ScenarioText

open System
open System.Globalization
open System.Text
open Serverless.Core

let private span (value: int64<ms>) = Quantity.show Duration (int64 value)
let private size (value: int64<mcu>) = Quantity.show Size (int64 value)

/// With the offset that the zone has then, to the second where it is not a full minute.
let private instant (zone: Zone) (at: int64<ms>) : string =
    // A scenario writes offsets in minutes, which those of long ago are not.
    let offset = Zones.offsetAt zone at / 60_000L<ms> * 60_000L
    let local = DateTimeOffset.FromUnixTimeMilliseconds(int64 at).ToOffset(TimeSpan.FromMilliseconds(float offset))
    local.ToString((if local.Second = 0 then "yyyy-MM-dd'T'HH:mmzzz" else "yyyy-MM-dd'T'HH:mm:sszzz"), CultureInfo.InvariantCulture)

/// The last part of a lane goes on to the end of the scenario.
let private segment (lane: Lane) (part: Part) (isLast: bool) : string =
    let value = Quantity.show lane.Type
    let length = if isLast then "" else $" for {span part.Length}"

    if part.IsMissing then "?" + length
    elif lane.Name = "idle" then (if part.Last > 0L then "rising" else "0s") + length
    elif part.First <> part.Last then $"{value part.First} -> {value part.Last} over {span part.Length}"
    else value part.First + length

let private lane (lane: Lane) : string =
    let last = lane.Parts.Length - 1
    let parts = lane.Parts |> List.mapi (fun index part -> segment lane part (index = last)) |> String.concat ", "
    $"{lane.Name} = {parts}"

let private event (struct (at, event): struct (int64<ms> * ScenarioEvent)) : string =
    let kind effect =
        match effect with
        | SuspendEffect -> "suspend"
        | ResumeEffect -> "resume"
        | ResizeEffect -> "resize"

    let words =
        match event with
        | EffectsTake(effect, length) -> $"{kind effect} takes {span length}"
        | EffectsEnd(effect, how) ->
            let how =
                match how with
                | Success -> "succeeds"
                | EffectEnd.Failure -> "fails"
                | Deferral -> "deferred"
                | Infeasibility -> "infeasible"
                | Refusal -> "refused"

            $"{kind effect} {how}"
        | Operator SuspendCommand -> "operator suspend"
        | Operator(ResumeCommand(ValueSome at)) -> $"operator resume at {size at}"
        | Operator(ResumeCommand ValueNone) -> "operator resume"
        | Operator(ResizeCommand goal) -> $"operator resize to {size goal}"
        | Operator PauseCommand -> "operator pause"
        | Operator UnpauseCommand -> "operator unpause"
        | ComputeCrashes -> "compute crashes"
        | ComputeStops -> "compute stops"
        | ComputeServesAt at -> $"compute serves at {size at}"
        | ClockJumps by when by < 0L<ms> -> $"clock back {span -by}"
        | ClockJumps by -> $"clock forward {span by}"
        | ScenarioEvent.Statements(1, length) -> $"statement for {span length}"
        | ScenarioEvent.Statements(count, length) -> $"{count} statements for {span length}"

    match event with
    | EffectsTake _
    | EffectsEnd _ when at = 0L<ms> -> words
    | _ -> $"at {span at} {words}"

let private start (zone: Zone) (attack: Attack) : string =
    let state =
        match attack.Begins with
        | StartsRunning(at, None) -> $"running {size at}"
        | StartsRunning(at, Some since) -> $"running {size at} for {span since}"
        | StartsSuspended None -> "suspended"
        | StartsSuspended(Some at) -> $"suspended {size at}"

    $"start {instant zone attack.Start} {state}"

/// `expectation` is what stands behind `expect`; it speaks of times until `at`.
let write (zone: Zone) (title: string) (attack: Attack) (at: int64<ms>) (expectation: string) : string =
    let attack = Attack.trimmed attack
    let month = max attack.SpentDay attack.SpentMonth
    let text = StringBuilder()
    let line (words: string) = text.Append("  ").Append(words).Append('\n') |> ignore
    text.Append($"scenario \"{title}\" {{\n") |> ignore
    line (start zone attack)
    if attack.SpentDay > 0L then line $"spent.day = {Quantity.show Count attack.SpentDay}"
    if month > attack.SpentDay then line $"spent.month = {Quantity.show Count month}"
    attack.Lanes |> List.iter (lane >> line)
    attack.Events |> List.iter (event >> line)
    line $"expect {expectation}"
    // What is expected gives a scenario its end.
    if attack.Length > at then line $"expect true at {span attack.Length}"
    text.Append("}\n").ToString()
