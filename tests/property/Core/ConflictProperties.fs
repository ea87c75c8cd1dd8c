/// Who wins when rules disagree, what rules agree on, and what cools.
module Serverless.Tests.Property.Core.ConflictProperties

open FsCheck
open FsCheck.FSharp
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus
open Serverless.Tests.Property.Core.SizeProperties

/// Rules that all propose at once, at a size that was changed just now.
type Contest =
    { Size: int64<mcu>
      Rules: (RuleAction * int) list
      UpsCool: bool
      DownsCool: bool }

/// What each of several rules gives up on, by priority.
type Agreement = { Breaking: (Breaking * int) list }

let private limit = Gen.frequency [ 1, Gen.constant None; 3, Gen.map (seconds >> Some) (Gen.choose (1, 4_000)) ]
let private breaking = Gen.map2 (fun transactions pinned -> { Transactions = transactions; PinnedSessions = pinned }) limit limit

type ContestArbitraries =
    static member Contest() : Arbitrary<Contest> =
        let units = Gen.choose (1, 8) |> Gen.map (fun n -> Units(int64 n * 250L<mcu>))
        let part = Gen.choose (1, 150) |> Gen.map (fun n -> Proportion(int64 n * 100L))

        let action =
            Gen.frequency
                [ 2, Gen.map ResizeUp (Gen.oneof [ units; part ])
                  2, Gen.map ResizeDown (Gen.oneof [ units; part ])
                  1, Gen.choose (0, 18) |> Gen.map (fun n -> ResizeTo(int64 n * 500L<mcu>))
                  3, Gen.map Suspend breaking ]

        gen {
            let! size = Gen.choose (1, 16)
            let! rules = Gen.nonEmptyListOf (Gen.zip action (Gen.choose (-1, 1)))
            let! ups = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
            let! downs = Gen.frequency [ 3, Gen.constant false; 1, Gen.constant true ]
            return { Size = int64 size * 500L<mcu>; Rules = List.truncate 6 rules; UpsCool = ups; DownsCool = downs }
        }
        |> Arb.fromGen

    static member Agreement() : Arbitrary<Agreement> =
        Gen.nonEmptyListOf (Gen.zip breaking (Gen.choose (0, 1))) |> Gen.map (fun found -> { Breaking = List.truncate 5 found }) |> Arb.fromGen

type ContestsAttribute() as this =
    inherit ManyAttribute()
    do this.Arbitrary <- [| typeof<ContestArbitraries> |]

let private named (rules: (RuleAction * int) list) =
    rules |> List.mapi (fun index (action, priority) -> { rule $"r{index}" (Constant true) action with Priority = priority })

/// Only what each of them gives up on, at the latest of their limits.
let private agreed (all: Breaking list) : Breaking =
    let part (of': Breaking -> int64<ms> option) =
        let limits = List.map of' all
        if List.contains None limits then None else Some(List.max (List.choose id limits))

    { Transactions = part _.Transactions; PinnedSessions = part _.PinnedSessions }

/// What is left of a proposal, with its place in the order of capacity: up 3, stay 2, down 1, suspend 0.
let private left (contest: Contest) (action: RuleAction, priority: int) =
    match action with
    | Suspend breaking -> Some((priority, 0, 0L<mcu>), Some breaking)
    | action ->
        let size = asked { Step = 500L<mcu>; Low = 500L<mcu>; High = 8_000L<mcu>; Size = contest.Size } action

        if size > contest.Size then Some((if contest.UpsCool then priority, 2, 0L<mcu> else priority, 3, size), None)
        elif size < contest.Size && not contest.DownsCool then Some((priority, 1, size), None)
        else None

let private outcome (contest: Contest) : Effect option =
    match contest.Rules |> List.choose (left contest) with
    | [] -> None
    | proposals ->
        let best = proposals |> List.map fst |> List.max

        match best with
        | _, 0, _ -> Some(DoSuspend { ByOperator = false; Breaking = agreed (proposals |> List.filter (fun (rank, _) -> rank = best) |> List.choose snd) })
        | _, 2, _ -> None
        | _, _, size -> Some(DoResize size)

[<Contests; Says "K-48">]
let ``of what is left the highest priority wins, then the most capacity: up, by the larger size, then stay, then down, by the larger size, then suspend`` (contest: Contest) =
    let cooldown cools = if cools then minutes 5 else 0L<ms>
    let contested = { policy (named contest.Rules) [] with Cooldown = { Up = cooldown contest.UpsCool; Down = cooldown contest.DownsCool; Suspend = 0L<ms> } }
    // Another size was found first: that is a change of size, from which ups and downs cool.
    let found size = send (Observed(ComputeServes(ValueSome size)))
    let story = begins contested noon |> commands PauseCommand |> found (contest.Size + 500L<mcu>) |> found contest.Size |> commands UnpauseCommand
    let effect = match story.Decision.Effect with ValueSome effect -> Some effect | ValueNone -> None
    if effect <> outcome contest then failwith $"{effect}, expected {outcome contest}"

[<Contests; Says "K-49">]
let ``rules that agree on a suspend give up only on what each of them gives up on, at the latest of their limits`` (agreement: Agreement) =
    let story = running (policy (named (agreement.Breaking |> List.map (fun (breaking, priority) -> Suspend breaking, priority))) []) (cu 1.0)
    let highest = agreement.Breaking |> List.map snd |> List.max
    let expected = agreed (agreement.Breaking |> List.filter (fun (_, priority) -> priority = highest) |> List.map fst)

    match story.Decision.Effect with
    | ValueSome(DoSuspend drain) when drain.Breaking = expected -> ()
    | other -> failwith $"{other}, expected to give up on {expected}"

let private isDown = [ Suspended; Failed; Resuming; Suspending ]

[<OfLives; Says "K-50">]
let ``ups and downs cool since the last change of size, suspends since the last resume, and a resume never cools`` (_: Life) (steps: Step list) : int =
    let mutable resized, resumed = Limits.Long, Limits.Long
    let mutable met = 0

    for step in steps do
        let before, at = step.Before, max step.Before.At step.Input.At
        let wasDown = List.contains (State.phase before) isDown

        match step.Input.Event with
        | EffectOutcome(revision, Succeeded) when revision = before.Revision && State.phase before = Phase.Resizing -> resized <- at
        | EffectOutcome(revision, Succeeded) when revision = before.Revision && State.phase before = Resuming -> resumed <- at
        | Observed(ComputeServes _) when wasDown && not (List.contains (State.phase step.After) isDown) -> resumed <- at
        | Observed(ComputeServes _) when not wasDown && step.After.Size <> before.Size -> resized <- at
        | _ -> ()

        let cooldown = step.Policy.Cooldown
        let byRule = not (List.contains "command" step.Decision.Because || List.contains "bounds" step.Decision.Because)

        match step.Decision.Effect with
        | ValueSome(DoResize size) when byRule ->
            demand "a resize that cools" step (at >= resized + (if size > step.After.Size then cooldown.Up else cooldown.Down))
        | ValueSome(DoSuspend _) when byRule -> demand "a suspend that cools" step (at >= resumed + cooldown.Suspend)
        | _ -> ()

        for blocked in step.Decision.Blocked do
            if blocked.By = "cooldown" && step.Decision.At = at then
                met <- met + 1
                demand "a resume cools" step (not (blocked.Proposal.StartsWith "resume"))
                let ends = if blocked.Proposal = "suspend" then [ resumed + cooldown.Suspend ] else [ resized + cooldown.Up; resized + cooldown.Down ]
                demand "it cools from or until another instant" step (blocked.Until |> ValueOption.exists (fun until -> until > at && List.contains until ends))

    met
