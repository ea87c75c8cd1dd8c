namespace Serverless.Core

/// Blocks of samples in order of time as a persistent height-balanced tree, null when empty; every node knows the summary of all below it.
/// A class and no union, so that summaries are read where they lie.
[<Sealed; AllowNullLiteral; NoEquality; NoComparison>]
type internal SampleTree =
    val Left: SampleTree
    val Block: SampleBlock
    val Right: SampleTree
    val Height: int
    val Summary: Summary
    new(left, block, right, height, summary) = { Left = left; Block = block; Right = right; Height = height; Summary = summary }

module internal SampleTree =
    let height (tree: SampleTree) = if isNull tree then 0 else tree.Height

    let private node (left: SampleTree) (block: SampleBlock) (right: SampleTree) =
        let mutable summary = Summary.empty
        if not (isNull right) then Summary.prepend &right.Summary &summary
        Summary.prepend &block.Summary &summary
        if not (isNull left) then Summary.prepend &left.Summary &summary
        SampleTree(left, block, right, 1 + max (height left) (height right), summary)

    /// One rotation (or a double one) where the sides differ by two.
    let private balance (left: SampleTree) block (right: SampleTree) =
        if height left > height right + 1 then
            let inner = left.Right
            if height inner > height left.Left then
                node (node left.Left left.Block inner.Left) inner.Block (node inner.Right block right)
            else
                node left.Left left.Block (node inner block right)
        elif height right > height left + 1 then
            let inner = right.Left
            if height inner > height right.Right then
                node (node left block inner.Left) inner.Block (node inner.Right right.Block right.Right)
            else
                node (node left block inner) right.Block right.Right
        else
            node left block right

    /// All of `left`, then the block, then all of `right`; the two may differ in height by any amount.
    let rec private join (left: SampleTree) block (right: SampleTree) =
        if height left > height right + 1 then balance left.Left left.Block (join left.Right block right)
        elif height right > height left + 1 then balance (join left block right.Left) right.Block right.Right
        else node left block right

    /// Nothing in the block is older than the newest sample.
    let append block (tree: SampleTree) = join tree block null

    /// Without the blocks that have nothing later than `until`.
    let rec dropTo (until: int64<ms>) (tree: SampleTree) : SampleTree =
        if isNull tree then null
        elif tree.Block.Summary.Last <= until then dropTo until tree.Right
        else
            let kept = dropTo until tree.Left
            if obj.ReferenceEquals(kept, tree.Left) then tree else join kept tree.Block tree.Right

    /// Without its oldest sample.
    let rec dropOldest origin (tree: SampleTree) : SampleTree =
        if isNull tree then null
        elif not (isNull tree.Left) then balance (dropOldest origin tree.Left) tree.Block tree.Right
        elif tree.Block.Samples.Length = 1 then tree.Right
        else node null (SampleBlock.withoutOldest origin tree.Block) tree.Right

    /// Puts the samples later than `from` before a run of newer ones.
    let rec prependAfter origin (from: int64<ms>) (tree: SampleTree) (run: byref<Summary>) : unit =
        if not (isNull tree) then
            if tree.Summary.First > from then Summary.prepend &tree.Summary &run
            else
                prependAfter origin from tree.Right &run

                if tree.Block.Summary.Last > from then
                    SampleBlock.prependAfter origin from tree.Block &run
                    prependAfter origin from tree.Left &run

    /// Folds the samples of `(from, until]` from the oldest on.
    let rec foldBetween (from: int64<ms>) (until: int64<ms>) folder state (tree: SampleTree) =
        if isNull tree then state
        else
            let first, last = tree.Block.Summary.First, tree.Block.Summary.Last
            let state = if first > from then foldBetween from until folder state tree.Left else state
            let state = if last > from && first <= until then SampleBlock.foldBetween from until folder state tree.Block else state
            if last <= until then foldBetween from until folder state tree.Right else state
