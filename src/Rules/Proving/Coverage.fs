namespace Serverless.Rules

open Serverless.Core

/// What became of a rule in all lives.
[<Sealed>]
type RuleCoverage internal (rule: Rule, decided: int64, sawTrue: int64, sawFalse: int64, sawUnknown: int64) =
    member _.Rule: string = rule.Name
    member _.File: string = rule.Origin.File
    member _.Line: int = rule.Origin.Line
    /// Actions that it determined.
    member _.Decided: int64 = decided
    /// Lives in which its condition held at some time.
    member _.True: int64 = sawTrue
    member _.False: int64 = sawFalse
    member _.Unknown: int64 = sawUnknown

/// Counts while lives are tried. One at a time may write.
[<Sealed>]
type internal Coverage(rules: Rule[], subjects: int) =
    let decided = Array.zeroCreate<int64> rules.Length
    let sawTrue, sawFalse, sawUnknown = Array.zeroCreate<int64> rules.Length, Array.zeroCreate<int64> rules.Length, Array.zeroCreate<int64> rules.Length
    let tested = Array.zeroCreate<int64> subjects
    let mutable actions = 0L

    member _.Add(trial: Trial) =
        actions <- actions + int64 trial.Course.Actions.Length
        trial.Decided |> Array.iteri (fun index count -> decided[index] <- decided[index] + count)

        trial.Seen
        |> Array.iteri (fun index (struct (isTrue, isFalse, isUnknown)) ->
            if isTrue then sawTrue[index] <- sawTrue[index] + 1L
            if isFalse then sawFalse[index] <- sawFalse[index] + 1L
            if isUnknown then sawUnknown[index] <- sawUnknown[index] + 1L)

        trial.Tested |> Array.iteri (fun index was -> if was then tested[index] <- tested[index] + 1L)

    member _.Actions = actions
    member _.Tested(subject: int) = tested[subject]

    member _.Rules: RuleCoverage[] =
        rules |> Array.mapi (fun index rule -> RuleCoverage(rule, decided[index], sawTrue[index], sawFalse[index], sawUnknown[index]))
