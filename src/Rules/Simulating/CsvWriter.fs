namespace Serverless.Rules

open System
open System.Collections.Generic
open System.Globalization
open System.IO
open Serverless.Core

/// Writes a load as the comma-separated values that `LoadFile` reads back to the same rows: instants, and numbers without units.
[<AbstractClass; Sealed>]
type LoadText =
    static member private Instant(ms: int64) =
        DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)

    static member private Number(value: int64, scale: decimal) =
        (decimal value / scale).ToString("0.#########", CultureInfo.InvariantCulture)

    /// How many rows were written, the end not counted. `policies`: those whose metrics the load has. Throws an IOException of the writer; a metric that
    /// no policy declares is left out. Throws an ArgumentException for a load that does not say how many statements come, as a row of a file must.
    static member Write(load: LoadSource, policies: seq<Policy>, writer: TextWriter) : int64 =
        let types = Dictionary<string, ValueType>()

        for metric in Seq.append Catalogue.metrics (policies |> Seq.collect _.Metrics) do
            types[metric.Name] <- metric.Type

        let metrics = [| for place in 0 .. load.Metrics.Count - 1 do if types.ContainsKey load.Metrics[place] then struct (place, types[load.Metrics[place]]) |]
        let names = [ for struct (place, _) in metrics -> load.Metrics[place] ]
        let own = CsvHeader.own |> List.map fst |> List.filter (fun name -> name <> Given.resident || load.HasMemory)
        writer.Write(String.Join(",", own @ names) + "\n")
        use reader = load.Open()
        let values = Array.zeroCreate load.Metrics.Count
        let mutable row = LoadRow.Nothing 0L<ms>
        let mutable rows = 0L

        let field (column: Column) =
            match column with
            | TimeColumn -> LoadText.Instant(load.StartMs + int64 row.At)
            | CpuColumn -> LoadText.Number(int64 row.Cpu, 1_000m)
            | ResidentColumn -> LoadText.Number(int64 row.Resident, 1m)
            | RateColumn when row.Rate = LoadRow.NotGiven && row.Cpu = 0L<mcpu> -> "0"
            | RateColumn when row.Rate = LoadRow.NotGiven -> invalidArg (nameof load) "a row does not say how many statements come"
            | RateColumn -> LoadText.Number(min row.Rate 1_000_000_000_000L, 1_000_000m)
            | LatencyColumn -> LoadText.Number(int64 row.Latency, 1_000m)
            | ArrivingColumn -> LoadText.Number(int64 row.Come, 1m)
            | LastingColumn -> LoadText.Number(int64 row.Running, 1m)
            | TransactionsColumn -> LoadText.Number(int64 row.Transactions, 1m)
            | PinnedColumn -> LoadText.Number(int64 row.Pinned, 1m)
            | OpenColumn -> LoadText.Number(int64 row.Open, 1m)
            | MetricColumn _ -> ""

        let columns = CsvHeader.own |> List.filter (fun (name, _) -> List.contains name own) |> List.map snd

        while reader.Read(&row, values) do
            let measured =
                [ for struct (place, kind) in metrics ->
                      if values[place] = LoadRow.Missing then "" else LoadText.Number(values[place], LoadValue.scale kind) ]

            writer.Write(String.Join(",", List.map field columns @ measured) + "\n")
            rows <- rows + 1L

        max 0L (rows - 1L)
