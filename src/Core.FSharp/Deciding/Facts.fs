/// Values of facts at an instant, and how fast they move by themselves.
module internal Serverless.Core.Facts

/// Thousandths of a unit times milliseconds in a thousandth of a unit-hour.
[<Literal>]
let UnitHour = 3_600_000L

/// Idle is 0 while a statement runs or is held, a transaction is open, or a peer has not been heard of.
let busy (activity: Activity) =
    activity.Running > 0 || activity.Held > 0 || activity.Transactions > 0 || activity.UnknownPeers > 0

let private since (start: int64<ms>) (now: int64<ms>) = struct (Exact.ofInt (max 0L (int64 (now - start))), 1L)
let private still (value: int64) = struct (Exact.ofInt value, 0L)
let private count (value: int) = still (int64 value * 1000L)

let private spent (state: State) (now: int64<ms>) (part: Spending -> int64) =
    let size = if Stage.up state.Stage then state.Size else 0L<mcu>
    let spending = Spending.upTo state.Plan.Zone now size state.Spending
    struct (Ratio(Exact.wide (part spending), UnitHour), int64 size)

/// The value in the scale of its type, and the change of its numerator a millisecond.
let value (fact: FactKind) (state: State) (now: int64<ms>) : struct (Exact * int64) =
    let activity = state.Activity

    match fact with
    | FactKind.Idle -> if busy activity then still 0L else since state.QuietSince now
    | FactKind.ConnectionsOpen -> count activity.Open
    | FactKind.ConnectionsActive -> count activity.Active
    | FactKind.ConnectionsPinned -> count activity.Pinned
    | FactKind.QueriesRunning -> count activity.Running
    | FactKind.QueriesHeld -> count activity.Held
    | FactKind.QueriesRate -> still activity.QueriesRate
    | FactKind.QueriesLatency -> still (int64 activity.QueriesLatency)
    | FactKind.TransactionsOpen -> count activity.Transactions
    | FactKind.ComputeAge -> if Stage.up state.Stage then since state.ResumedAt now else still 0L
    | FactKind.Size -> still (int64 state.Size)
    | FactKind.SpentDay -> spent state now _.DayUsed
    | FactKind.SpentMonth -> spent state now _.MonthUsed
