/// Time zones, compiled into transitions so that the kernel reads no time-zone database.
module Serverless.Rules.Zones

open System
open Serverless.Core

/// The years whose transitions a policy carries; before and after them the nearest offset holds.
let firstYear = 2020
let lastYear = 2045

/// Where zones are looked up. A value, so that a machine without the database can be tested.
type Database =
    { Find: string -> TimeZoneInfo option
      Names: unit -> string list }

let private wellFormed (name: string) =
    name.Length > 0
    && name.Length <= 64
    && Char.IsAsciiLetter name[0]
    && name |> Seq.forall (fun c -> Char.IsAsciiLetterOrDigit c || c = '/' || c = '_' || c = '+' || c = '-')

/// The database of this machine: /usr/share/zoneinfo, or $TZDIR.
let system: Database =
    { Find =
        fun name ->
            if not (wellFormed name) then
                None
            else
                try
                    Some(TimeZoneInfo.FindSystemTimeZoneById name)
                with
                | :? TimeZoneNotFoundException
                | :? InvalidTimeZoneException
                | :? UnauthorizedAccessException
                | :? Security.SecurityException
                | :? IO.IOException -> None
      Names = fun () -> [ for zone in TimeZoneInfo.GetSystemTimeZones true -> zone.Id ] }

let utc: Zone = { Name = "UTC"; Transitions = [ { From = 0L<ms>; Offset = 0L<ms> } ] }

/// What local time is ahead of UTC at an instant, by the transitions that a policy carries.
let offsetAt (zone: Zone) (instant: int64<ms>) : int64<ms> =
    zone.Transitions
    |> List.tryFindBack (fun change -> change.From <= instant)
    |> Option.orElse (List.tryHead zone.Transitions)
    |> Option.map _.Offset
    |> Option.defaultValue 0L<ms>

let private offsetOf (zone: TimeZoneInfo) (at: DateTime) = int64 (zone.GetUtcOffset at).TotalMilliseconds
let private millis (at: DateTime) = DateTimeOffset(at).ToUnixTimeMilliseconds()

/// The first second of a later offset, between a time that has the earlier one and a time that has not.
let rec private changeBetween zone (before: DateTime) (after: DateTime) =
    let seconds = int64 (after - before).TotalSeconds

    if seconds <= 1L then
        after
    else
        let middle = before.AddSeconds(float (seconds / 2L))

        if offsetOf zone middle = offsetOf zone before then
            changeBetween zone middle after
        else
            changeBetween zone before middle

let private transitions (zone: TimeZoneInfo) : ZoneTransition list =
    let first = DateTime(firstYear, 1, 1, 0, 0, 0, DateTimeKind.Utc)
    let last = DateTime(lastYear + 1, 1, 1, 0, 0, 0, DateTimeKind.Utc)
    let entry at = { From = millis at * 1L<ms>; Offset = offsetOf zone at * 1L<ms> }

    // No zone keeps an offset for less than a day, so looking once a day misses none.
    [ yield entry first
      for day in 1.0 .. (last - first).TotalDays do
          let before = first.AddDays(day - 1.0)
          let after = first.AddDays day

          if offsetOf zone before <> offsetOf zone after then
              yield entry (changeBetween zone before after) ]

/// A zone by its IANA name.
let resolve (database: Database) (name: string) : Result<Zone, Problem> =
    if name = "UTC" then
        Ok utc
    else
        match database.Find name with
        | Some zone -> Ok { Name = name; Transitions = transitions zone }
        | None ->
            // Without its database a machine knows UTC and its own local zone at most.
            match database.Names() with
            | names when names.Length <= 2 -> Error(NoZoneData name)
            | names -> Error(UnknownZone(name, names))
