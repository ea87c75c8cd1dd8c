namespace Serverless.Rules

open System
open Serverless.Core

/// The clients' side of a play: the scenario's series and statements, and what of them the kernel is told.
[<Sealed>]
type internal Workload(scenario: Scenario) =
    let series = dict [ for one in scenario.Series -> one.Name, one ]
    let statements = Statements()
    let mutable told: Activity voption = ValueNone
    let mutable lastEnded: int64<ms> option = None
    let mutable transactionsSince = 0L<ms>
    let mutable pinnedSince = 0L<ms>
    let mutable brokenTransactions = false
    let mutable brokenPinned = false

    let valueAt now (name: string) : int64 voption =
        match series.TryGetValue name with
        | true, found -> Series.at now found
        | _ -> ValueNone

    let workAt now : Work =
        { Cpu = ValueOption.defaultValue 0L (valueAt now Given.load) * 1L<mcpu>
          Resident = ValueOption.defaultValue 0L (valueAt now Given.resident) * 1L<bytes> }

    /// Somebody works: `idle` is 0, or there is load.
    let isBusy now =
        let idles =
            match series.TryGetValue "idle" with
            | true, idle -> idle.Pieces |> Array.exists (fun piece -> piece.From <= now && now < piece.To && piece.Last = piece.First)
            | _ -> false

        idles || (workAt now).Cpu > 0L<mcpu>

    let activity now phase : Activity =
        let valueOf = valueAt now
        let countOf name = int (min 1_000_000L (ValueOption.defaultValue 0L (valueOf name) / 1_000L))
        let up = Phases.isUp phase
        let there = Phases.exists phase
        let transactions = if there && not brokenTransactions then countOf "transactions.open" else 0
        let pinned = if there && not brokenPinned then countOf "connections.pinned" else 0
        let held = countOf "queries.held"
        let running, waiting = statements.Running, statements.Waiting
        let demand = countOf "queries.running"
        let demand = if demand + running + waiting + held + transactions = 0 && isBusy now then 1 else demand
        let running = if up then running + demand else running
        let held = held + waiting + (if up then 0 else demand)
        let was = told |> ValueOption.defaultValue { Inputs.Activity(0, 0, 0, 0, 0, 0, 0, Nullable(), 0L, 0L, 0L, 0L) with LastEnded = None }
        if transactions <> was.Transactions || running > 0 then transactionsSince <- now
        if pinned <> was.Pinned || running > 0 then pinnedSince <- now
        if was.Running > 0 && running = 0 then lastEnded <- Some(scenario.Start + now)

        { Held = held
          Running = running
          Transactions = transactions
          Pinned = pinned
          Open = max (countOf "connections.open") (max pinned (held + max running transactions))
          Active = max (countOf "connections.active") running
          UnknownPeers = countOf Given.peers
          LastEnded = lastEnded
          TransactionsIdle = (if transactions > 0 then now - transactionsSince else 0L<ms>)
          PinnedIdle = (if pinned > 0 then now - pinnedSince else 0L<ms>)
          QueriesRate = ValueOption.defaultValue 0L (valueOf "queries.rate")
          QueriesLatency = ValueOption.defaultValue 0L (valueOf "queries.latency") * 1L<ms> }

    member _.Statements = statements

    /// The scenario has a series of this name.
    member _.Has(name: string) = series.ContainsKey name

    member _.Value(now: int64<ms>, name: string) : int64 voption = valueAt now name

    member _.Work(now: int64<ms>) : Work = workAt now

    /// What a drain gives up on is gone, until `Mend`.
    member _.Break(breaking: Breaking) =
        brokenTransactions <- breaking.Transactions.IsSome
        brokenPinned <- breaking.PinnedSessions.IsSome

    member _.Mend() =
        brokenTransactions <- false
        brokenPinned <- false

    /// What the kernel is told first.
    member _.Begin(now: int64<ms>, phase: Phase) : Activity =
        let found = activity now phase
        told <- ValueSome found
        found

    /// What is to be told now, if anything. Idle times go on by themselves: only what else changes is news.
    member _.News(now: int64<ms>, phase: Phase) : Activity voption =
        let found = activity now phase
        let still (activity: Activity) = { activity with TransactionsIdle = 0L<ms>; PinnedIdle = 0L<ms> }

        if told |> ValueOption.forall (fun was -> still was <> still found) then
            told <- ValueSome found
            ValueSome found
        else
            ValueNone
