namespace Serverless.Core

/// What the gateway and the kernel know of themselves; never Unknown.
[<RequireQualifiedAccess>]
type internal FactKind =
    | Idle
    | ConnectionsOpen
    | ConnectionsActive
    | ConnectionsPinned
    | QueriesRunning
    | QueriesHeld
    | QueriesRate
    | QueriesLatency
    | TransactionsOpen
    | ComputeAge
    | Size
    | SpentDay
    | SpentMonth

module internal FactKind =
    /// As the catalogue of metrics and rules name it.
    let name =
        function
        | FactKind.Idle -> "idle"
        | FactKind.ConnectionsOpen -> "connections.open"
        | FactKind.ConnectionsActive -> "connections.active"
        | FactKind.ConnectionsPinned -> "connections.pinned"
        | FactKind.QueriesRunning -> "queries.running"
        | FactKind.QueriesHeld -> "queries.held"
        | FactKind.QueriesRate -> "queries.rate"
        | FactKind.QueriesLatency -> "queries.latency"
        | FactKind.TransactionsOpen -> "transactions.open"
        | FactKind.ComputeAge -> "compute.age"
        | FactKind.Size -> "size"
        | FactKind.SpentDay -> "spent.day"
        | FactKind.SpentMonth -> "spent.month"

    let ofName =
        function
        | "idle" -> ValueSome FactKind.Idle
        | "connections.open" -> ValueSome FactKind.ConnectionsOpen
        | "connections.active" -> ValueSome FactKind.ConnectionsActive
        | "connections.pinned" -> ValueSome FactKind.ConnectionsPinned
        | "queries.running" -> ValueSome FactKind.QueriesRunning
        | "queries.held" -> ValueSome FactKind.QueriesHeld
        | "queries.rate" -> ValueSome FactKind.QueriesRate
        | "queries.latency" -> ValueSome FactKind.QueriesLatency
        | "transactions.open" -> ValueSome FactKind.TransactionsOpen
        | "compute.age" -> ValueSome FactKind.ComputeAge
        | "size" -> ValueSome FactKind.Size
        | "spent.day" -> ValueSome FactKind.SpentDay
        | "spent.month" -> ValueSome FactKind.SpentMonth
        | _ -> ValueNone
