namespace Serverless.Rules

open Serverless.Core

/// The clients' side of a scenario: its series and statements, and what of them the kernel is told.
[<Sealed>]
type internal Workload(scenario: Scenario) =
    let series = dict [ for one in scenario.Series -> one.Name, one ]
    let statements = Statements()
    let clients = Clients scenario.Start

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

    let doing now phase : Doing =
        let valueOf = valueAt now
        let countOf name = int (min 1_000_000L (ValueOption.defaultValue 0L (valueOf name) / 1_000L))
        let up = Phases.isUp phase
        let transactions = clients.Transactions(countOf "transactions.open", phase)
        let held = countOf "queries.held"
        let running, waiting = statements.Running, statements.Waiting
        let demand = countOf "queries.running"
        let demand = if demand + running + waiting + held + transactions = 0 && isBusy now then 1 else demand

        { Held = held + waiting + (if up then 0 else demand)
          Running = if up then running + demand else running
          Transactions = transactions
          Pinned = clients.Pinned(countOf "connections.pinned", phase)
          Open = countOf "connections.open"
          Active = countOf "connections.active"
          UnknownPeers = countOf Given.peers
          QueriesRate = ValueOption.defaultValue 0L (valueOf "queries.rate")
          QueriesLatency = ValueOption.defaultValue 0L (valueOf "queries.latency") * 1L<ms> }

    member _.Statements = statements
    member _.Clients = clients

    /// The scenario has a series of this name.
    member _.Has(name: string) = series.ContainsKey name

    member _.Value(now: int64<ms>, name: string) : int64 voption = valueAt now name

    member _.Work(now: int64<ms>) : Work = workAt now

    /// What is to be told now, if anything.
    member _.News(now: int64<ms>, phase: Phase) : Activity voption = clients.News(now, doing now phase)
