namespace Serverless.Rules

open System
open Serverless.Core

/// What the clients of a play do at one instant.
[<Struct; NoEquality; NoComparison>]
type internal Doing =
    { Held: int
      Running: int
      Transactions: int
      Pinned: int
      /// Connections; what the others ask for is counted on top.
      Open: int
      Active: int
      UnknownPeers: int
      QueriesRate: int64
      QueriesLatency: int64<ms> }

/// What of the clients' doing the kernel is told, and when, as a gateway does it: idle times go on by themselves, and only what else changes is news.
/// Allocates nothing while there is none. Times are milliseconds since the start of the play.
[<Sealed>]
type internal Clients(start: int64<ms>) =
    let mutable told: Activity voption = ValueNone
    let mutable offset = 0L<ms>
    let mutable lastEnded: int64<ms> option = None
    // The same since the start of the play, whatever the clock.
    let mutable endedAt = 0L<ms>
    let mutable hasEnded = false
    let mutable transactionsSince = 0L<ms>
    let mutable pinnedSince = 0L<ms>
    let mutable brokenTransactions = false
    let mutable brokenPinned = false

    let opened (doing: Doing) = max doing.Open (max doing.Pinned (doing.Held + max doing.Running doing.Transactions))
    let active (doing: Doing) = max doing.Active doing.Running

    let isTold (was: Activity) (doing: Doing) =
        not hasEnded
        && was.Held = doing.Held
        && was.Running = doing.Running
        && was.Transactions = doing.Transactions
        && was.Pinned = doing.Pinned
        && was.Open = opened doing
        && was.Active = active doing
        && was.UnknownPeers = doing.UnknownPeers
        && was.QueriesRate = doing.QueriesRate
        && was.QueriesLatency = doing.QueriesLatency

    let ended at =
        endedAt <- at
        lastEnded <- Some(start + at + offset)
        hasEnded <- true

    let follow now (doing: Doing) =
        let transactions, pinned, running =
            match told with
            | ValueSome was -> was.Transactions, was.Pinned, was.Running
            | ValueNone -> 0, 0, 0

        if doing.Transactions <> transactions || doing.Running > 0 then transactionsSince <- now
        if doing.Pinned <> pinned || doing.Running > 0 then pinnedSince <- now

        if running > 0 && doing.Running = 0 then
            ended now

    let compose now (doing: Doing) : Activity =
        { Held = doing.Held
          Running = doing.Running
          Transactions = doing.Transactions
          Pinned = doing.Pinned
          Open = opened doing
          Active = active doing
          UnknownPeers = doing.UnknownPeers
          LastEnded = lastEnded
          TransactionsIdle = (if doing.Transactions > 0 then now - transactionsSince else 0L<ms>)
          PinnedIdle = (if doing.Pinned > 0 then now - pinnedSince else 0L<ms>)
          QueriesRate = doing.QueriesRate
          QueriesLatency = doing.QueriesLatency
          QueriesSince = None }

    /// Sessions in a transaction, of so many that there would be: none without a compute, nor once a drain has given up on them.
    member _.Transactions(count: int, phase: Phase) : int = if Phases.exists phase && not brokenTransactions then count else 0

    /// Pinned sessions, likewise.
    member _.Pinned(count: int, phase: Phase) : int = if Phases.exists phase && not brokenPinned then count else 0

    /// What a drain gives up on is gone, until `Mend`.
    member _.Break(breaking: Breaking) =
        brokenTransactions <- breaking.Transactions.IsSome
        brokenPinned <- breaking.PinnedSessions.IsSome

    member _.Mend() =
        brokenTransactions <- false
        brokenPinned <- false

    /// A statement ended that was too short to be seen running.
    member _.End(at: int64<ms>) = ended at

    /// What the kernel is told of the time is so far from the play's. Where that was moved forward nobody has been idle for longer by it.
    member _.SetClock(offset': int64<ms>) =
        offset <- offset'
        let seen = start + endedAt + offset

        if lastEnded |> Option.exists (fun told -> seen > told) then
            lastEnded <- Some seen
            hasEnded <- true

    /// What is to be told now, if anything; the first time there is always something.
    member _.News(now: int64<ms>, doing: Doing) : Activity voption =
        follow now doing

        if told |> ValueOption.exists (fun was -> isTold was doing) then
            ValueNone
        else
            let found = compose now doing
            told <- ValueSome found
            hasEnded <- false
            ValueSome found
