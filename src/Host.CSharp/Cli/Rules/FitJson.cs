using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A search as `rules fit --json` prints it. Names end with their unit; what ends with `Share` is from 0 to 1; where too many statements got no answer, a wait is left out.</summary>
internal sealed record FitJson(
    string Policy, ulong Seed, string[] Loads, bool Found, int Tried, int Refused, decimal Settings, long ElapsedMs, decimal? PricePerUnitHour,
    FitMarkJson[] Marks, FitSettingJson Start, FitSettingJson Best, FitSettingJson[] Curve, FitCheckJson[] Checks)
{
    public static FitJson From(FitReport report)
    {
        FitRun run = report.Run;
        FitSettingJson Of(FitSetting setting) => FitSettingJson.From(setting, report.Price);
        return new FitJson(
            run.Policy, run.Seed, [.. report.Loads.Select(load => load.Name)], run.Found, run.Tried, run.Refused, run.All, (long)run.Elapsed.TotalMilliseconds, report.Price,
            [.. run.Marks.Select(mark => new FitMarkJson(
                mark.Name, mark.File, mark.Line, mark.Column, Quantity.show(mark.Type, mark.Value), Quantity.show(mark.Type, mark.Least), Quantity.show(mark.Type, mark.Most)))],
            Of(run.Start), Of(run.Best), [.. run.Curve.Select(Of)], [.. report.Checks.Select(check => new FitCheckJson(check.Load.Name, Of(check.Start), Of(check.Fitted)))]);
    }
}

/// <summary>A literal that is marked, as it is written.</summary>
internal sealed record FitMarkJson(string Name, string File, int Line, int Column, string Value, string Least, string Most);

/// <summary>Values in the order of the marks. Hours are those of all loads together; every other figure is that of the worst.</summary>
internal sealed record FitSettingJson(
    string[] Values, double UnitHours, decimal? Cost, bool KeepsBounds, double? WaitP95Ms, double? WaitP99Ms, double? WaitLongestMs, double? WaitMeanMs,
    double WaitedShare, double WakesPerDay, double ResizesPerDay, double ResizesTakenBackPerDay, double TooSmallShare)
{
    public static FitSettingJson From(FitSetting one, decimal? price)
    {
        double? Finite(FitFigure figure) => double.IsFinite(one.Figure(figure)) ? one.Figure(figure) : null;
        return new FitSettingJson(
            [.. one.Texts], one.UnitHours, price is { } money ? one.Cost(money) : null, one.KeepsBounds,
            Finite(FitFigure.WaitP95), Finite(FitFigure.WaitP99), Finite(FitFigure.WaitLongest), Finite(FitFigure.WaitMean),
            one.Figure(FitFigure.Waited), one.Figure(FitFigure.WakesPerDay), one.Figure(FitFigure.ResizesPerDay), one.Figure(FitFigure.ResizesTakenBackPerDay), one.Figure(FitFigure.TooSmall));
    }
}

/// <summary>Under a load that nothing was fitted to: the values as they are, and what was found.</summary>
internal sealed record FitCheckJson(string Load, FitSettingJson Start, FitSettingJson Best);
