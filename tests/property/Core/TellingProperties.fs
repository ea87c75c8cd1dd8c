/// What is told of a decision and of a state, over generated lives.
module Serverless.Tests.Property.Core.TellingProperties

open System.Globalization
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

[<OfLives; Says "K-74">]
let ``state is JSON with a version, of which 1 and 2 are read, and any other is refused with what was expected`` (life: Life) (steps: Step list) : unit =
    let last = List.last steps
    let written version (text: string) = text.Replace("\"version\":2,", $"\"version\":{version},")
    let text = KernelJson.writeState last.After
    if not (text.Contains "\"version\":2,") then failwith $"no version in {text}"
    let version = if life.Salt % 2 = 0 then life.Salt % 12 / 2 else life.Salt - 1_000_000_000
    let read = KernelJson.readState last.Policy last.After.At (written version text)

    if version = 1 || version = 2 then
        demand $"version {version} was not read: {read.Error}" last read.Ok
        demand $"version {version} was read otherwise" last (KernelJson.writeState read.Value = KernelJson.writeState (KernelJson.readState last.Policy last.After.At text).Value)
    else demand $"of version {version}: {read.Error}" last (not read.Ok && read.Error.Contains $"version: expected 1 to 2, found {version}")

let private thousandths (value: int64) = (decimal value / 1000m).ToString("0.###", CultureInfo.InvariantCulture)

let rec private comparisons condition =
    match condition with
    | Compare(left, op, right) -> [ left, op, right ]
    | And parts
    | Or parts -> List.collect comparisons parts
    | Not part
    | Condition.Held(_, part, _) -> comparisons part
    | _ -> []

/// Of facts that are compared with a number: the words for it, with the value as it was told.
let private words (step: Step) (left, op, right) =
    let against = match op with Less -> "<" | LessOrEqual -> "<=" | Greater -> ">" | GreaterOrEqual -> ">=" | Equal -> "=" | NotEqual -> "!="

    match left, right with
    | Metric "idle", Literal(_, value) -> Some $"idle {thousandths (Kernel.view step.After step.After.At).IdleMs} s {against} {thousandths value} s"
    | Metric "queries.running", Literal(_, value) -> Some $"queries.running {step.Activity.Running} {against} {thousandths value}"
    | Metric "queries.held", Literal(_, value) -> Some $"queries.held {step.Activity.Held} {against} {thousandths value}"
    | Metric "transactions.open", Literal(_, value) -> Some $"transactions.open {step.Activity.Transactions} {against} {thousandths value}"
    | Metric "size", Literal(_, value) -> Some $"size {thousandths (int64 step.After.Size)}cu {against} {thousandths value}cu"
    | _ -> None

let private proposal (effect: Effect) =
    match effect with
    | DoSuspend _ -> "suspend"
    | DoResume size -> $"resume at {thousandths (int64 size)}cu"
    | DoResize size -> $"resize to {thousandths (int64 size)}cu"

[<OfLives; Says "K-79">]
let ``a decision names who determined it with the values seen, and what was held back by what and until when`` (_: Life) (steps: Step list) : int =
    let mutable met = 0

    for step in steps do
        let decision = step.Decision
        let rule name = step.Policy.Rules |> List.tryFind (fun rule -> rule.Name = name)
        demand "reasons and names differ" step (decision.Because = (decision.Reasons |> List.map (fun reason -> reason.By)))

        match decision.Effect with
        | ValueSome effect ->
            demand "nobody determined it" step (decision.Reasons |> List.exists (fun (reason: Reason) -> reason.Proposal = proposal effect))

            for reason in decision.Reasons do
                match rule reason.By with
                | Some rule ->
                    demand $"rule {rule.Name} determined something else" step (reason.Proposal = proposal effect)

                    for expected in comparisons rule.When |> List.choose (words step) do
                        met <- met + 1
                        demand $"{rule.Name} does not say that it saw {expected}" step (reason.Seen |> List.exists (fun seen -> seen = expected || seen.StartsWith(expected + " for ")))
                | None -> demand $"{reason.By} is nobody" step (List.contains reason.By [ "wake"; "bounds"; "command"; "crash"; "outcome"; "observed"; "drained"; "held"; "policy" ])
        | ValueNone -> ()

        for blocked in decision.Blocked do
            demand $"{blocked.Rule} is nobody" step ((rule blocked.Rule).IsSome || List.contains blocked.Rule [ "wake"; "bounds"; "crash" ])
            demand "held back for no reason" step (blocked.Reason <> "" && blocked.Proposal <> "")
            let known = [ "cooldown"; "back-off"; "shadow"; "memory"; "activity"; "pause"; "bounds" ]
            demand $"held back by {blocked.By}, which is nobody" step (List.contains blocked.By known || (rule blocked.By).IsSome || step.Policy.Forbids |> List.exists (fun forbid -> forbid.Name = blocked.By))
            let ends = List.contains blocked.By [ "cooldown"; "back-off"; "shadow" ]
            demand $"what is held back by {blocked.By} does not say until when" step (blocked.Until.IsSome || not ends)

            match blocked.Until with
            | ValueSome until -> demand "held back until an instant that is not to come, or that nobody looks at" step (until > decision.At && (decision.Effect.IsSome || decision.NextCheck <= until))
            | ValueNone -> ()

    met
