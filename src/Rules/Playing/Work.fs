namespace Serverless.Rules

open Serverless.Core

/// What a database has to do, whatever its size: the smallest model that closes the loop from sizes to measurements and back.
/// No queue builds up and nothing is cached: usage follows the size at once.
[<Struct>]
type Work =
    { /// Processors that it would use if it had them.
      Cpu: int64<mcpu>
      /// Memory that cannot be given back: the working set without the buffer pool.
      Resident: int64<bytes> }

module Work =
    /// Part of the memory that is the buffer pool's, in percent; `memory` is measured against the rest.
    let poolShare = 60L

    let private share (used: int64) (of': int64) = if of' <= 0L then 0L else int64 (min 1_000_000m (decimal used * 10_000m / decimal of'))

    /// Usage of the processors that this size has, in basis points; all of them at most.
    let cpu (unit: ComputeUnit) (size: int64<mcu>) (work: Work) : int64 =
        min 10_000L (share (int64 work.Cpu) (int64 (ComputeUnit.cpu size unit)))

    /// Usage of the memory that this size has beside the buffer pool, in basis points; more than all of it is possible where it can swap.
    let memory (unit: ComputeUnit) (size: int64<mcu>) (work: Work) : int64 =
        share (int64 work.Resident) (int64 (ComputeUnit.memory size unit) * (100L - poolShare) / 100L)
