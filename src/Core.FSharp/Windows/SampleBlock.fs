namespace Serverless.Core

[<Struct; NoEquality; NoComparison>]
type internal Sample = { At: int64<ms>; Value: int64 }

/// A few samples in order of time, and what they amount to. Sixteen of them to a node keep a tree of samples small, and cost less to copy than a path of nodes.
[<Sealed; NoEquality; NoComparison>]
type internal SampleBlock =
    val Samples: Sample[]
    /// A field, so that it is read where it lies.
    val Summary: Summary
    new(samples, summary) = { Samples = samples; Summary = summary }

module internal SampleBlock =
    /// Samples of a block at most.
    [<Literal>]
    let Full = 16

    let empty = SampleBlock([||], Summary.empty)

    let append origin at value (block: SampleBlock) =
        let before = block.Samples.Length
        let samples = Array.zeroCreate (before + 1)
        System.Array.Copy(block.Samples, samples, before)
        samples[before] <- { At = at; Value = value }
        let mutable summary = Summary.empty
        Summary.prependSample origin at value &summary
        Summary.prepend &block.Summary &summary
        SampleBlock(samples, summary)

    let private prependFrom origin first (block: SampleBlock) (run: byref<Summary>) : unit =
        for index = block.Samples.Length - 1 downto first do
            Summary.prependSample origin block.Samples[index].At block.Samples[index].Value &run

    /// Puts the samples later than `instant` before a run of newer ones.
    let prependAfter origin (instant: int64<ms>) (block: SampleBlock) (run: byref<Summary>) : unit =
        if block.Samples.Length > 0 && block.Summary.First > instant then Summary.prepend &block.Summary &run
        else
            let mutable first = block.Samples.Length
            while first > 0 && block.Samples[first - 1].At > instant do
                first <- first - 1

            prependFrom origin first block &run

    let withoutOldest origin (block: SampleBlock) =
        let mutable summary = Summary.empty
        prependFrom origin 1 block &summary
        SampleBlock(Array.sub block.Samples 1 (block.Samples.Length - 1), summary)

    /// Folds the samples of `(from, until]` from the oldest on.
    let foldBetween (from: int64<ms>) (until: int64<ms>) folder state (block: SampleBlock) =
        let mutable state = state

        for sample in block.Samples do
            if sample.At > from && sample.At <= until then state <- folder state sample.At sample.Value

        state
