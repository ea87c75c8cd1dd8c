module Serverless.Tests.Property.Rules.ZoneTests

open System
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private zone name =
    match Zones.resolve Zones.system name with
    | Ok zone -> zone
    | Error problem -> failwith $"%A{problem}"

let private offset (zone: Zone) (at: int64<ms>) =
    let since = zone.Transitions |> List.tryFindBack (fun change -> change.From <= at)
    (since |> Option.defaultValue zone.Transitions.Head).Offset

let private instant = Gen.choose64 (DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds(), DateTimeOffset(2045, 12, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds())

/// Among them zones with half hours, with changes in odd months, and one that changes twice around Ramadan.
[<FsCheck.NUnit.Property(MaxTest = 300)>]
let ``a compiled zone has the offset of the database at every instant`` () =
    let names = [ "Europe/Berlin"; "America/New_York"; "Australia/Lord_Howe"; "Africa/Casablanca"; "Asia/Kolkata"; "Pacific/Apia" ]
    let compiled = names |> List.map (fun name -> zone name, TimeZoneInfo.FindSystemTimeZoneById name)

    Prop.forAll (Arb.fromGen instant) (fun seconds ->
        let at = DateTimeOffset.FromUnixTimeSeconds seconds

        compiled
        |> List.forall (fun (zone, known) -> offset zone (seconds * 1000L<ms>) = int64 (known.GetUtcOffset at).TotalMilliseconds * 1L<ms>))

[<Test>]
let ``Berlin changes to summer time at one o'clock UTC of the last Sunday in March`` () =
    let change = DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1L<ms>
    let transitions = (zone "Europe/Berlin").Transitions
    Assert.That(transitions |> List.exists (fun found -> found = { From = change; Offset = 7_200_000L<ms> }))

[<TestCase("../../etc/passwd")>]
[<TestCase("/etc/localtime")>]
[<TestCase("Europe")>]
[<TestCase("")>]
let ``what is no zone is reported and not opened`` (name: string) =
    equal [ "R027" ] (compile (sized $"policy zone \"{name}\"") |> codes)

[<Test>]
let ``a machine without time zones is told apart from a wrong name`` () =
    let bare: Zones.Database = { Find = (fun _ -> None); Names = fun () -> [ "UTC" ] }
    let code name = match Zones.resolve bare name with Ok _ -> "" | Error problem -> (Wording.describe problem).Code
    equal "R028" (code "Europe/Berlin")
    equal "" (code "UTC")
