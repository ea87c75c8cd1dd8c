namespace Serverless.Tests.Property

open System
open FsCheck
open FsCheck.FSharp
open FsCheck.NUnit

/// How many generated cases every law and every property of a sentence gets.
module Cases =
    let private asked (name: string) (otherwise: uint64) =
        match UInt64.TryParse(Environment.GetEnvironmentVariable name) with
        | true, value -> value
        | _ -> otherwise

    /// Ten thousand; a million in `./test --long`; any number by SERVERLESS_TEST_CASES.
    let count = int (asked "SERVERLESS_TEST_CASES" (if Environment.GetEnvironmentVariable "SERVERLESS_TEST_LONG" = "1" then 1_000_000UL else 10_000UL))

    /// Of all that is generated: another one each time; SERVERLESS_TEST_SEED repeats a run.
    let seed = asked "SERVERLESS_TEST_SEED" (uint64 (DateTime.UtcNow.Ticks &&& 0xFFFF_FFFFL))

/// Numbers of their whole range beside small ones: those that FsCheck makes by itself are none beyond a hundred.
type WholeRange =
    static member private Of<'a>(whole: Gen<'a>) : Arbitrary<'a> =
        let small = ArbMap.defaults |> ArbMap.arbitrary<'a>
        Arb.fromGenShrink (Gen.oneof [ small.Generator; whole ], small.Shrinker)

    static member Int32() : Arbitrary<int> = WholeRange.Of(ArbMap.defaults |> ArbMap.generate<DoNotSize<int>> |> Gen.map (fun (DoNotSize n) -> n))
    static member Int64() : Arbitrary<int64> = WholeRange.Of(ArbMap.defaults |> ArbMap.generate<DoNotSize<int64>> |> Gen.map (fun (DoNotSize n) -> n))
    static member Int16() : Arbitrary<int16> = WholeRange.Of(ArbMap.defaults |> ArbMap.generate<DoNotSize<int16>> |> Gen.map (fun (DoNotSize n) -> n))
    static member UInt16() : Arbitrary<uint16> = WholeRange.Of(ArbMap.defaults |> ArbMap.generate<DoNotSize<uint16>> |> Gen.map (fun (DoNotSize n) -> n))

/// A property with as many cases as the laws have.
type ManyAttribute() as this =
    inherit PropertyAttribute(QuietOnSuccess = true)

    do
        this.MaxTest <- Cases.count
        // Any odd number will do for the second: it tells sequences of one seed apart.
        this.Replay <- $"{Cases.seed},{0x9E37_79B9_7F4A_7C15UL}"
        this.Arbitrary <- [| typeof<WholeRange> |]

/// Says how to have the same cases again, also when all went well.
[<NUnit.Framework.SetUpFixture>]
type Announcement() =
    [<NUnit.Framework.OneTimeSetUp>]
    member _.Say() = NUnit.Framework.TestContext.Progress.WriteLine $"{Cases.count} cases of each law, of seed {Cases.seed} (SERVERLESS_TEST_SEED)"
