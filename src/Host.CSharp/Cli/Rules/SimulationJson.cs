using Serverless.Core;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A simulation as `rules simulate --json` prints it. Names end with their unit; what ends with `Share` is from 0 to 1.</summary>
internal sealed record SimulationJson(LoadJson Load, ComputeJson Compute, decimal? PricePerUnitHour, PredictionJson[] Policies, PredictionJson[] AlwaysOn, string[] Notes)
{
    public static SimulationJson From(SimulationReport report) => new(
        new LoadJson(
            report.Load.Name, InstantText.Plain(report.Load.StartMs), report.Survey.LengthMs, report.Survey.PeakCpu / 1000m, report.Survey.MeanCpu / 1000m, report.Survey.PeakResident),
        new ComputeJson(report.Compute.StartMs, report.Compute.StopMs, report.Compute.ResizeMs, report.Compute.WarmUpMs, report.Compute.Cold / 100m, report.Compute.Speed / 100m),
        report.Price,
        [.. report.Policies.Select(one => PredictionJson.From(one, report))],
        [.. report.AlwaysOn.Select(one => PredictionJson.From(one, report))],
        [.. report.Notes()]);
}

/// <summary>The load; its name has the seed of a model.</summary>
internal sealed record LoadJson(string Name, string Start, long LengthMs, decimal PeakCpuCores, decimal MeanCpuCores, long PeakResidentBytes);

internal sealed record ComputeJson(long StartMs, long StopMs, long ResizeMs, long WarmUpMs, decimal ColdShare, decimal SpeedShare);

internal sealed record UnitJson(decimal CpuCores, long MemoryBytes);

/// <summary>What came of a policy.</summary>
/// <param name="Name">As in the table.</param>
/// <param name="Path">Of the policy's rule set; null for a compute that is always on.</param>
/// <param name="Unit">What a compute unit of its hours is.</param>
/// <param name="OfAlwaysOnShare">Of the unit hours of the largest size that the load needs.</param>
/// <param name="SuspendedShare">Of the length of the load.</param>
/// <param name="UpMs">Statements ran.</param>
/// <param name="TooSmallMs">Of that time, with more work than it could do.</param>
/// <param name="UndoneCoreSeconds">Work that was still to be done at the end.</param>
/// <param name="Waits">Of all statements that were answered.</param>
/// <param name="Waited">Of those that waited.</param>
/// <param name="MeanHeldMs">What was waited while nothing ran, by those that were answered.</param>
internal sealed record PredictionJson(
    string Name, string? Path, UnitJson Unit, double UnitHours, decimal? Cost, double OfAlwaysOnShare, double SuspendedShare, int Wakes, int Suspends, int Resizes, int ResizesTakenBack,
    long UpMs, long TooSmallMs, double TooSmallShare, double Statements, double Refused, double Unanswered, decimal UndoneCoreSeconds, WaitsJson Waits, WaitsJson Waited, double MeanWaitMs, double MeanHeldMs, long LongestWaitMs)
{
    public static PredictionJson From(SimulationColumn column, SimulationReport report)
    {
        Prediction one = column.Prediction;
        ComputeUnit unit = one.Policy.Unit;
        return new PredictionJson(
            column.Name, column.Path, new UnitJson(unit.Cpu / 1000m, unit.Memory), one.UnitHours, report.Price is { } price ? one.Cost(price) : null, report.OfAlwaysOn(column),
            one.Suspended, one.Wakes, one.Suspends, one.Resizes, one.Flaps, one.UpMs, one.ShortMs, one.Short, one.Arrived / 1000.0, one.Refused / 1000.0, one.Waiting / 1000.0,
            one.WorkWaiting / 1_000_000m, WaitsJson.From(one.Waits), WaitsJson.From(one.Waited), one.MeanWait, one.MeanHeld, one.LongestWait);
    }
}

/// <summary>Of so many statements, the waits that 50, 95 and 99 percent do not exceed.</summary>
internal sealed record WaitsJson(double Statements, long P50Ms, long P95Ms, long P99Ms)
{
    public static WaitsJson From(WaitFigures figures) => new(figures.Statements, figures.P50, figures.P95, figures.P99);
}
