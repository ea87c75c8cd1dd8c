namespace Serverless.Rules

open System
open System.Collections.Generic

/// How long a policy is tried, and by which lives.
[<Sealed>]
type ProveOptions(seed: uint64, mostCases: int64, time: TimeSpan, workers: int) =
    member _.Seed: uint64 = seed
    /// Lives are drawn until there were so many, ...
    member _.MostCases: int64 = mostCases
    /// ... or for so long.
    member _.Time: TimeSpan = time
    member _.Workers: int = max 1 workers

/// How far a run is.
[<Struct>]
type ProveProgress = { Lives: int64; Elapsed: TimeSpan; Broken: int }

/// A life, made as small as it could be, in which something does not hold.
[<Sealed>]
type CounterExample internal (case: int64, scenario: string, at: int64, words: string, timeline: string) =
    /// Of the seed: the same is drawn again by both.
    member _.Case: int64 = case
    /// A scenario block, which `rules test` plays to the same end.
    member _.Scenario: string = scenario
    /// Milliseconds since its start.
    member _.AtMs: int64 = at
    member _.Came: string = words
    /// What happened, a line each.
    member _.Timeline: string = timeline

type ProveVerdict =
    | Broken = 0
    /// It held in every life that put it to the test.
    | Held = 1
    /// Nothing that it speaks of came about, which proves nothing.
    | Untested = 2

/// A property, or a law, after all lives.
[<Sealed>]
type ProveResult internal (subject: Subject, tested: int64, example: CounterExample option) =
    member _.Name: string = subject.Name
    /// Declared in a rule file; else it holds whatever the rules say.
    member _.IsDeclared: bool = subject.Origin.IsSome
    member _.File: string | null = subject.Origin |> Option.map _.File |> Option.toObj
    member _.Line: int = subject.Origin |> Option.map _.Line |> Option.defaultValue 0
    /// Lives that put it to the test.
    member _.Tested: int64 = tested

    /// Null: none was found.
    member _.Example: CounterExample | null = Option.toObj example

    member _.Verdict: ProveVerdict =
        if example.IsSome then ProveVerdict.Broken
        elif tested > 0L then ProveVerdict.Held
        else ProveVerdict.Untested

/// What became of a policy in all the lives that were drawn for it.
[<Sealed>]
type ProveRun internal (policy: string, options: ProveOptions, lives: int64, actions: int64, elapsed: TimeSpan, results: ProveResult[], rules: RuleCoverage[]) =
    member _.Policy: string = policy
    member _.Seed: uint64 = options.Seed
    member _.Lives: int64 = lives
    /// Actions that the policy began in them.
    member _.Actions: int64 = actions
    /// What drawing them took, without making small what was found.
    member _.Elapsed: TimeSpan = elapsed
    member _.Results: IReadOnlyList<ProveResult> = results
    member _.Rules: IReadOnlyList<RuleCoverage> = rules
    member _.Passed: bool = results |> Array.forall (fun one -> one.Verdict <> ProveVerdict.Broken)
