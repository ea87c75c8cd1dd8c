namespace Serverless.Rules

open Serverless.Core

/// Statements that came together.
type private Batch =
    { Id: int
      Count: int
      Length: int64<ms>
      IsRunning: bool }

/// The statements of a play that are events: they wait for a compute, run for their time, and are lost with it.
[<Sealed>]
type internal Statements() =
    let mutable batches: Batch list = []
    let count chosen = batches |> List.sumBy (fun batch -> if chosen batch then batch.Count else 0)

    member _.Running = count _.IsRunning
    member _.Waiting = count (fun batch -> not batch.IsRunning)

    member _.Come(id: int, count: int, length: int64<ms>) =
        batches <- batches @ [ { Id = id; Count = count; Length = length; IsRunning = false } ]

    /// All that wait begin; how long each runs, by its id.
    member _.Begin() : (int * int64<ms>) list =
        let begun = batches |> List.filter (fun batch -> not batch.IsRunning) |> List.map (fun batch -> batch.Id, batch.Length)
        batches <- batches |> List.map (fun batch -> { batch with IsRunning = true })
        begun

    /// The compute is gone, and what ran on it.
    member _.LoseRunning() = batches <- batches |> List.filter (fun batch -> not batch.IsRunning)

    /// What waits got its error.
    member _.LoseWaiting() = batches <- batches |> List.filter _.IsRunning

    /// False: it was lost before.
    member _.End(id: int) : bool =
        let others = batches |> List.filter (fun batch -> batch.Id <> id || not batch.IsRunning)
        let ended = others.Length < batches.Length
        batches <- others
        ended
