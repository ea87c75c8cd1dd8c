using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A simulation as `rules simulate --json` prints it. Times are in milliseconds, shares from 0 to 1, work in cores.</summary>
internal sealed record SimulationJson(LoadJson Load, ComputeJson Compute, decimal? Price, PredictionJson[] Policies, PredictionJson[] AlwaysOn)
{
    public static SimulationJson From(SimulationReport report) => new(
        new LoadJson(
            report.Load.Name, InstantText.Plain(report.Load.StartMs), report.Survey.LengthMs, report.Survey.PeakCpu / 1000m, report.Survey.MeanCpu / 1000m, report.Survey.PeakResident),
        new ComputeJson(report.Compute.StartMs, report.Compute.StopMs, report.Compute.ResizeMs, report.Compute.WarmUpMs, report.Compute.Cold / 100m, report.Compute.Speed / 100m),
        report.Price,
        [.. report.Policies.Select(one => PredictionJson.From(one, report))],
        [.. report.AlwaysOn.Select(one => PredictionJson.From(one, report))]);
}

/// <summary>The load; its name has the seed of a model.</summary>
internal sealed record LoadJson(string Name, string Start, long LengthMs, decimal PeakCpu, decimal MeanCpu, long PeakResidentBytes);

internal sealed record ComputeJson(long StartMs, long StopMs, long ResizeMs, long WarmUpMs, decimal Cold, decimal Speed);

/// <summary>What came of a policy. `OfAlwaysOn`: of the unit hours of the largest size that the load needs; `Short`: up, and with more work than it could do.</summary>
internal sealed record PredictionJson(
    string Name, double UnitHours, decimal? Cost, double OfAlwaysOn, double Suspended, int Wakes, int Suspends, int Resizes, int Flaps, double Short,
    double Statements, double Refused, double Unanswered, WaitsJson Waits, WaitsJson Waited, double MeanWaitMs, long LongestWaitMs)
{
    public static PredictionJson From(Prediction one, SimulationReport report) => new(
        one.Name, one.UnitHours, report.Price is { } price ? one.Cost(price) : null, report.OfAlwaysOn(one), one.Suspended, one.Wakes, one.Suspends, one.Resizes, one.Flaps, one.Short,
        one.Arrived / 1000.0, one.Refused / 1000.0, one.Waiting / 1000.0, WaitsJson.From(one.Waits), WaitsJson.From(one.Waited), one.MeanWait, one.LongestWait);
}

/// <summary>Of so many statements, the waits that 50, 95 and 99 percent do not exceed.</summary>
internal sealed record WaitsJson(double Statements, long P50Ms, long P95Ms, long P99Ms)
{
    public static WaitsJson From(WaitFigures figures) => new(figures.Statements, figures.P50, figures.P95, figures.P99);
}
