namespace Serverless.Rules

open System
open System.Collections.Generic
open Serverless.Core

/// What clients ask for from an instant on, until the next row. The last row of a load is its end, and asks for nothing.
[<Struct; NoComparison>]
type LoadRow =
    { /// Milliseconds since the start.
      At: int64<ms>
      /// Work that comes, in processors: what would be used if there were enough of them.
      Cpu: int64<mcpu>
      /// Memory that cannot be given back.
      Resident: int64<bytes>
      /// Statements that come, in millionths a second; `LoadRow.NotGiven`: it is not known how many, and somebody works while work comes.
      Rate: int64
      /// Statements that come at once as the row begins, beside those.
      Come: int
      /// Statements that are under way at least, all the time. They are not counted: the two before say how many come.
      Running: int
      /// How long a statement takes that waits for nothing.
      Latency: int64<ms>
      /// Sessions in a transaction, with other state that cannot be restored, and in all.
      Transactions: int
      Pinned: int
      Open: int }

    /// No rate is given. Statements are then counted as one a second while work comes.
    static member NotGiven: int64 = -1L

    /// Of a metric that was not measured.
    static member Missing: int64 = Int64.MinValue

    static member Nothing(at: int64<ms>) : LoadRow =
        { At = at
          Cpu = 0L<mcpu>
          Resident = 0L<bytes>
          Rate = LoadRow.NotGiven
          Come = 0
          Running = 0
          Latency = 0L<ms>
          Transactions = 0
          Pinned = 0
          Open = 0 }

/// A place in a load where it cannot be read, and what to do about it.
[<Sealed>]
type LoadProblem(file: string, line: int, column: int, expected: string, found: string, mend: string) =
    member _.File: string = file
    /// From 1; 0 when it is about the whole.
    member _.Line: int = line
    /// In UTF-16 code units from 1; 0 when it is about the whole line.
    member _.Column: int = column
    member _.Expected: string = expected
    member _.Found: string = Printable.Of(found, 200)
    member _.Mend: string = mend

    /// Two lines: where, what was expected and found; what to do.
    member _.Render() : string =
        let place = if line = 0 then file elif column = 0 then $"{file}:{line}" else $"{file}:{line}:{column}"
        $"{place}: expected {expected}, found {Printable.Of(found, 200)}\n  {mend}\n"

/// Reads a load once, row by row, from its beginning.
[<AbstractClass>]
type LoadReader() =
    /// The next row, and beside it the values of the load's metrics, in their order and the scale of their types, `LoadRow.Missing` where nothing was
    /// measured. False at the end, and where it cannot be read.
    abstract Read: row: byref<LoadRow> * values: int64[] -> bool
    /// What keeps it from being read on; null: nothing.
    abstract Problem: LoadProblem | null
    abstract Dispose: unit -> unit

    default _.Dispose() = ()

    interface IDisposable with
        member this.Dispose() = this.Dispose()

/// What a database has to do over time, whatever serves it. It can be read any number of times, also at once, and gives the same each time.
[<AbstractClass>]
type LoadSource(name: string, start: int64<ms>, metrics: string list, hasMemory: bool) =
    /// Where it comes from, in a few words.
    member _.Name: string = name
    /// Unix milliseconds, UTC.
    member _.StartMs: int64 = int64 start
    member internal _.Start = start
    /// Metrics with values of their own, beside what rows have.
    member _.Metrics: IReadOnlyList<string> = Array.ofList metrics
    /// It says how much memory is resident; where it does not, `memory` is measured as none.
    member _.HasMemory: bool = hasMemory
    abstract Open: unit -> LoadReader

/// Rows that are in memory, for tests and for what is short.
[<Sealed>]
type private RowsReader(rows: LoadRow[], values: int64[][]) =
    inherit LoadReader()
    let mutable place = 0

    override _.Read(row, into) =
        if place >= rows.Length then
            false
        else
            row <- rows[place]

            if into.Length > 0 then
                Array.blit values[place] 0 into 0 into.Length

            place <- place + 1
            true

    override _.Problem = null

/// A load of rows that are in memory. Their times rise; the last is the end.
[<Sealed>]
type RowsLoad internal (name: string, start: int64<ms>, rows: LoadRow[], metrics: string list, values: int64[][], hasMemory: bool) =
    inherit LoadSource(name, start, metrics, hasMemory)

    /// `startMs`: Unix milliseconds. Throws an ArgumentException when times do not rise.
    new(name: string, startMs: int64, rows: seq<LoadRow>) =
        let rows = Array.ofSeq rows

        if rows |> Seq.pairwise |> Seq.exists (fun (one, next) -> next.At <= one.At) then
            raise (ArgumentException("the times of the rows do not rise", nameof rows))

        RowsLoad(name, startMs * 1L<ms>, rows, [], [||], true)

    override _.Open() = new RowsReader(rows, values)
