namespace Serverless.Tests.Property

open System
open FsCheck.NUnit

/// How many generated cases every law and every property of a sentence gets.
module Cases =
    let private asked (name: string) (otherwise: uint64) =
        match UInt64.TryParse(Environment.GetEnvironmentVariable name) with
        | true, value -> value
        | _ -> otherwise

    /// Ten thousand; a million in `./test --long`; any number by SERVERLESS_TEST_CASES.
    let count = int (asked "SERVERLESS_TEST_CASES" (if Environment.GetEnvironmentVariable "SERVERLESS_TEST_LONG" = "1" then 1_000_000UL else 10_000UL))

    /// Of the lives that laws are held against: another one each time; SERVERLESS_TEST_SEED repeats a run.
    let seed = asked "SERVERLESS_TEST_SEED" (uint64 (DateTime.UtcNow.Ticks &&& 0xFFFF_FFFFL))

/// A property with as many cases as the laws have.
type ManyAttribute() as this =
    inherit PropertyAttribute(QuietOnSuccess = true)
    do this.MaxTest <- Cases.count
