namespace Serverless.Rules

open Serverless.Core

/// What a load comes to, read once from end to end: first of all whether it can be read.
[<Sealed>]
type LoadSurvey private (problem: LoadProblem | null, rows: int64, length: int64<ms>, peak: int64<mcpu>, mean: int64<mcpu>, resident: int64<bytes>) =
    /// Null when all of it can be read.
    member _.Problem: LoadProblem | null = problem
    /// The last, which is the end, not counted.
    member _.Rows: int64 = rows
    member _.LengthMs: int64 = int64 length
    /// The most work that comes at a time, in millicores.
    member _.PeakCpu: int64 = int64 peak
    /// Over the whole length.
    member _.MeanCpu: int64 = int64 mean
    /// The most memory that is resident at a time, in bytes.
    member _.PeakResident: int64 = int64 resident

    /// The smallest size, in whole steps of a policy, that does so much work and has room for so much resident memory beside its buffer pool.
    static member private Size(policy: Policy, work: decimal, resident: int64) : int64 =
        let ofMemory = decimal (int64 policy.Unit.Memory) * decimal (100L - Work.poolShare) / 100m
        let units = max (work * 1000m / decimal (int64 policy.Unit.Cpu)) (decimal resident * 1000m / ofMemory)
        let step = decimal (int64 policy.Step)
        int64 (max 1m (ceil (units / step)) * step)

    static member private Work(cpu: int64<mcpu>, compute: ComputeModel) = decimal (int64 cpu) * 100m / decimal compute.Speed

    /// Thousandths of a unit: what would serve the busiest moment without a queue, in whole steps and whatever the bounds.
    member _.LargestNeed(policy: Policy, compute: ComputeModel) : int64 = LoadSurvey.Size(policy, LoadSurvey.Work(peak, compute), int64 resident)

    /// Thousandths of a unit: what has as much to give as is asked for in all.
    member _.MeanNeed(policy: Policy, compute: ComputeModel) : int64 = LoadSurvey.Size(policy, LoadSurvey.Work(mean, compute), int64 resident)

    static member Of(load: LoadSource) : LoadSurvey =
        use reader = load.Open()
        let values = Array.zeroCreate load.Metrics.Count
        let mutable row = LoadRow.Nothing 0L<ms>
        let mutable next = row
        let mutable rows = 0L
        let mutable peak, resident = 0L<mcpu>, 0L<bytes>
        let mutable total = 0m

        if reader.Read(&row, values) then
            while reader.Read(&next, values) do
                rows <- rows + 1L
                peak <- max peak row.Cpu
                resident <- max resident row.Resident
                total <- total + decimal (int64 row.Cpu) * decimal (int64 (next.At - row.At))
                row <- next

        let mean = if row.At > 0L<ms> then int64 (total / decimal (int64 row.At)) * 1L<mcpu> else 0L<mcpu>
        LoadSurvey(reader.Problem, rows, row.At, peak, mean, resident)
