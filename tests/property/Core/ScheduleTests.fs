module Serverless.Tests.Property.Core.ScheduleTests

open System
open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies

let private zone = Array.ofList berlin.Transitions
let private inside schedule at = ScheduleTime.contains zone schedule at

let private nightly from until : Schedule =
    { Name = "nightly"
      Include = [ { Days = Weekdays 0b1111111; From = from; To = until } ]
      Exclude = [] }

[<Test>]
[<Says "K-34">]
let ``office hours follow the local clock`` () =
    Assert.That(inside office noon)
    // Friday 08:00 in Berlin is 07:00 UTC in winter.
    Assert.That(inside office (noon - hours 5))
    Assert.That(inside office (noon - hours 5 - 1L<ms>), Is.False)
    Assert.That(inside office (noon + hours 6), Is.False, "19:00 is outside")
    Assert.That(inside office (noon + hours 24), Is.False, "Saturday")
    // Monday 08:00 in Berlin is 06:00 UTC in summer.
    Assert.That(inside office (noon + hours 66))
    Assert.That(inside office (noon + hours 66 - 1L<ms>), Is.False)

[<Test>]
[<Says "K-34">]
let ``an hour that the clock skips is in no schedule`` () =
    let skipped = nightly (2 * 60) (3 * 60)
    for minute in -30 .. 30 do
        Assert.That(inside skipped (springForward + minutes minute), Is.False)

[<Test>]
let ``an hour that the clock repeats is in its schedule twice`` () =
    let repeated = nightly (2 * 60) (3 * 60)
    Assert.That(inside repeated (fallBack - hours 1))
    Assert.That(inside repeated (fallBack - 1L<ms>))
    Assert.That(inside repeated fallBack)
    Assert.That(inside repeated (fallBack + minutes 59))
    Assert.That(inside repeated (fallBack + hours 1), Is.False)

[<Test>]
[<Says "K-34">]
let ``a range over midnight belongs to the day it begins on`` () =
    let friday = { office with Include = [ { Days = Weekdays 0b0010000; From = 22 * 60; To = 2 * 60 } ] }
    Assert.That(inside friday (noon + hours 9), "Friday 22:00")
    Assert.That(inside friday (noon + hours 13 - 1L<ms>), "Saturday, before 02:00")
    Assert.That(inside friday (noon + hours 13), Is.False)
    Assert.That(inside friday (noon - hours 12), Is.False, "Friday 01:00 belongs to Thursday")

[<Test>]
let ``a date range holds on its days only`` () =
    let day = int (DateOnly(2026, 3, 28).DayNumber - DateOnly(1970, 1, 1).DayNumber)
    let holiday = { office with Include = [ { Days = Dates(day, day); From = 0; To = 24 * 60 } ] }
    Assert.That(inside holiday (noon + hours 11), "Saturday 00:00 in Berlin")
    Assert.That(inside holiday (noon + hours 11 - 1L<ms>), Is.False)
    Assert.That(inside holiday (noon + hours 35 - 1L<ms>))
    Assert.That(inside holiday (noon + hours 35), Is.False)

[<Many>]
[<Says "K-34">]
[<Says "K-5">]
let ``membership does not change before the next edge`` (hour: uint16) (second: uint16) (part: byte) =
    // A year and a half around both moves of the clock.
    let at = noon - hours 2_000 + hours (int hour % 13_000) + seconds (int second % 3_600)

    for schedule in [ office; night ] do
        let edge = ScheduleTime.nextEdge zone schedule at
        let between = at + (edge - at - 1L<ms>) * int64 part / 255L
        if edge <= at then failwith $"the next edge of {at} is {edge}"
        if inside schedule between <> inside schedule at then failwith $"{schedule.Name} changed between {at} and {edge}"

[<Many>]
let ``days and months are those of the calendar`` (days: int) =
    let day = abs (days % 200_000)
    let date = DateTime.UnixEpoch.AddDays(float day)
    LocalTime.month day = date.Year * 12 + date.Month - 1

[<Test>]
[<Says "K-28">]
let ``the bill starts anew at local midnight and on the first of the month`` () =
    // 21:30Z on 2026-03-31 is 23:30 in Berlin.
    let evening = noon + hours 105 + minutes 30
    let spent = Spending.upTo zone (evening + hours 1) 2_000L<mcu> (Spending.upTo zone evening 0L<mcu> { Spending.none with At = evening })
    Assert.That(spent.DayUsed, Is.EqualTo(2_000L * int64 (minutes 30)))
    Assert.That(spent.MonthUsed, Is.EqualTo(2_000L * int64 (minutes 30)))

[<Many>]
[<Says "K-28">]
let ``a bill made in parts is the bill made at once`` (lengths: uint16 list) =
    let start = { Spending.none with At = springForward - hours 20 }
    let ends = lengths |> List.scan (fun at length -> at + seconds (int length)) start.At
    let parts = ends |> List.fold (fun spending at -> Spending.upTo zone at 1_500L<mcu> spending) start
    let whole = Spending.upTo zone (List.last ends) 1_500L<mcu> start
    parts.DayUsed = whole.DayUsed && parts.MonthUsed = whole.MonthUsed && parts.Day = whole.Day
