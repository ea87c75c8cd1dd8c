module Serverless.Tests.Property.Rules.ScheduleTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property.Rules.Compiling

let private schedule (text: string) =
    (policy (sized $"size 1cu .. 2cu during it\nschedule it = {text}")).Schedules.Head

let private range days from until = { Days = days; From = from; To = until }
let private hour = 60

[<Test>]
let ``days run from one to another, over the end of the week too`` () =
    equal [ range (Weekdays 0b001_1111) (8 * hour) (19 * hour + 30) ] (schedule "mon..fri 08:00..19:30").Include
    equal [ range (Weekdays 0b111_0001) 0 1440 ] (schedule "fri..mon").Include

[<Test>]
let ``days without times take those of the next item, or are whole`` () =
    let weekend = [ range (Weekdays 0b010_0000) 600 720; range (Weekdays 0b100_0000) 600 720 ]
    equal weekend (schedule "sat, sun 10:00..12:00").Include
    equal [ range (Weekdays 0b010_0000) 0 1440; range (Weekdays 0b100_0000) 0 1440 ] (schedule "sat, sun").Include

[<Test>]
let ``times without days take those of the item before, or are daily`` () =
    equal [ range (Weekdays 1) 480 720; range (Weekdays 1) 780 1020 ] (schedule "mon 08:00..12:00, 13:00..17:00").Include
    equal [ range (Weekdays 0b111_1111) 480 720 ] (schedule "08:00..12:00").Include
    equal [ range (Weekdays 0b111_1111) 480 720 ] (schedule "daily 08:00..12:00").Include

[<Test>]
let ``a range that ends before it begins goes over midnight`` () =
    equal [ range (Weekdays 0b111_1111) (22 * hour) (6 * hour) ] (schedule "daily 22:00..06:00").Include

[<Test>]
let ``dates count from 1970 and stand alone or in ranges, in exceptions too`` () =
    let found = schedule "mon..fri 08:00..19:00 except 1970-01-02, 2026-12-24..2026-12-26 12:00..24:00"
    let christmas = 20_811
    equal 1 found.Include.Length
    equal [ range (Dates(1, 1)) 720 1440; range (Dates(christmas, christmas + 2)) 720 1440 ] found.Exclude
    equal [ range (Dates(1, 1)) 0 1440 ] (schedule "daily except 1970-01-02").Exclude
