namespace Serverless.Rules

open System
open Serverless.Core

/// Statements that came one after the other at an even rate, with their work.
[<Struct; NoComparison; NoEquality>]
type private Chunk =
    { From: int64<ms>
      To: int64<ms>
      /// Millicores times milliseconds.
      Work: int64
      /// Thousandths of a statement.
      Count: int64
      /// What it came at: what goes on like it is added to it. -1: nothing does.
      Cpu: int64<mcpu>
      Rate: int64 }

/// Work that a compute could not do at once, in the order in which it came. None is ever lost: it is served later, and its statements waited as
/// long. In memory are at most some ten thousand pieces of it; beyond, neighbours are taken together, and their waits evened out.
[<Sealed>]
type internal Backlog(waits: Waits) =
    let most = 65_536
    let mutable chunks: Chunk[] = Array.zeroCreate 64
    let mutable head = 0
    let mutable size = 0
    let mutable work = 0L
    let mutable count = 0L

    let at index = (head + index) % chunks.Length

    let halve () =
        for index in 0 .. size / 2 - 1 do
            let one, other = chunks[at (2 * index)], chunks[at (2 * index + 1)]
            chunks[at index] <- { From = one.From; To = other.To; Work = one.Work + other.Work; Count = one.Count + other.Count; Cpu = -1L<mcpu>; Rate = -1L }

        if size % 2 = 1 then
            chunks[at (size / 2)] <- chunks[at (size - 1)]

        size <- (size + 1) / 2

    let room () =
        if size = most then
            halve ()
        elif size = chunks.Length then
            let larger = Array.zeroCreate (2 * chunks.Length)

            for index in 0 .. size - 1 do
                larger[index] <- chunks[at index]

            chunks <- larger
            head <- 0

    let pop () =
        head <- (head + 1) % chunks.Length
        size <- size - 1

    member _.Work = work
    member _.Count = count
    member _.IsEmpty = size = 0

    member _.Add(from: int64<ms>, to': int64<ms>, added: int64, statements: int64, cpu: int64<mcpu>, rate: int64) =
        if added > 0L || statements > 0L then
            work <- work + added
            count <- count + statements
            let last = if size = 0 then -1 else at (size - 1)

            if last >= 0 && chunks[last].To = from && chunks[last].Cpu = cpu && chunks[last].Rate = rate && to' > from then
                let before = chunks[last]
                chunks[last] <- { before with To = to'; Work = before.Work + added; Count = before.Count + statements }
            else
                room ()
                chunks[at size] <- { From = from; To = to'; Work = added; Count = statements; Cpu = cpu; Rate = rate }
                size <- size + 1

    /// Does work from an instant on at a rate, until so much of it is done, or all; what needs no work when its turn comes is done then. What was done.
    member _.Serve(from: int64<ms>, rate: int64<mcpu>, budget: int64) : int64 =
        let mutable spent = 0L
        let mutable go = size > 0
        let timeOf (spent: int64) = if spent = 0L then from else from + spent / int64 rate * 1L<ms>

        while go do
            let chunk = chunks[head]
            let started = timeOf spent

            if chunk.Work <= budget - spent then
                spent <- spent + chunk.Work
                count <- count - chunk.Count
                waits.Add(int64 (started - chunk.From), int64 (timeOf spent - chunk.To), chunk.Count)
                pop ()
                go <- size > 0
            else
                let part = budget - spent

                if part > 0L then
                    let statements = Waits.Part(chunk.Count, part, chunk.Work)
                    let reached = chunk.From + Waits.Part(int64 (chunk.To - chunk.From), part, chunk.Work) * 1L<ms>
                    spent <- budget
                    count <- count - statements
                    waits.Add(int64 (started - chunk.From), int64 (timeOf spent - reached), statements)
                    chunks[head] <- { chunk with From = reached; Work = chunk.Work - part; Count = chunk.Count - statements }

                go <- false

        work <- work - spent
        spent

    /// All who wait get an error. How many: thousandths of a statement.
    member _.Refuse() : int64 =
        let refused = count
        head <- 0
        size <- 0
        work <- 0L
        count <- 0L
        refused
