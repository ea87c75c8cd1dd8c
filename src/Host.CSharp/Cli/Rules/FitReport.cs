using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>What a load that nothing was fitted to makes of the values as they are, and of what was found.</summary>
internal sealed record FitCheck(LoadSource Load, FitSetting Start, FitSetting Fitted);

/// <summary>A search, with what it was for.</summary>
/// <param name="Price">Of a compute-unit hour, where it was given.</param>
/// <param name="Files">That would change, or did.</param>
internal sealed record FitReport(FitRun Run, IReadOnlyList<LoadSource> Loads, IReadOnlyList<FitCheck> Checks, decimal? Price, IReadOnlyList<RewrittenFile> Files)
{
    private const int MostRows = 12;

    /// <summary>The trade-off curve, thinned where it has many points, with the start and what was found; by cost.</summary>
    public IReadOnlyList<FitSetting> Rows()
    {
        IReadOnlyList<FitSetting> curve = Run.Curve;
        IEnumerable<FitSetting> some = curve.Count <= MostRows ? curve : Enumerable.Range(0, MostRows).Select(row => curve[row * (curve.Count - 1) / (MostRows - 1)]);
        return [.. some.Append(Run.Start).Append(Run.Best).Distinct().OrderBy(one => one.UnitHours).ThenBy(one => one.Figure(FitFigure.WaitMean))];
    }

    /// <summary>Names of the marks as heads of columns: numbered where one declaration has several.</summary>
    public IReadOnlyList<string> MarkNames() =>
        [.. Run.Marks.Select((mark, index) => Run.Marks.Count(other => other.Name == mark.Name) == 1 ? mark.Name : $"{mark.Name}.{Run.Marks.Take(index + 1).Count(other => other.Name == mark.Name)}")];
}
