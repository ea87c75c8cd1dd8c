namespace Serverless.Rules

open Serverless.Core

/// The work that a load brings over time, thinned to columns of one width: of each the least, the mean and the most, in millicores.
[<Sealed>]
type LoadShape private (lowest: int64[], mean: int64[], peak: int64[]) =
    member _.Count: int = peak.Length
    member _.Lowest(column: int) : int64 = lowest[column]
    member _.Mean(column: int) : int64 = mean[column]
    member _.Peak(column: int) : int64 = peak[column]

    /// The columns are those of a timeline of this load. Throws what the load throws when it is opened; one that cannot be read to its end is taken to end there.
    static member Of(load: LoadSource, timeline: Timeline) : LoadShape =
        use reader = load.Open()
        let values = Array.zeroCreate load.Metrics.Count
        let width = timeline.WidthMs
        let last = timeline.Count - 1
        let lowest, peak = Array.create timeline.Count System.Int64.MaxValue, Array.zeroCreate<int64> timeline.Count
        let work = Array.zeroCreate<decimal> timeline.Count
        let mutable row = LoadRow.Nothing 0L<ms>
        let mutable next = row

        let note () =
            let mutable from = int64 row.At
            let until = min (int64 next.At) timeline.LengthMs

            while from < until do
                let column = min last (int (from / width))
                let ends = if column = last then until else min until ((int64 column + 1L) * width)
                lowest[column] <- min lowest[column] (int64 row.Cpu)
                peak[column] <- max peak[column] (int64 row.Cpu)
                work[column] <- work[column] + decimal (int64 row.Cpu) * decimal (ends - from)
                from <- ends

        if reader.Read(&row, values) then
            while reader.Read(&next, values) do
                note ()
                row <- next

        let lengthOf column = if column = last then timeline.LengthMs - int64 last * width else width
        let mean = Array.init timeline.Count (fun column -> int64 (work[column] / decimal (max 1L (lengthOf column))))
        LoadShape(lowest |> Array.map (fun least -> if least = System.Int64.MaxValue then 0L else least), mean, peak)
