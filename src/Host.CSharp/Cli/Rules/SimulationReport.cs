using Serverless.Core;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A policy, and the rule set that it is from.</summary>
internal sealed record PlacedPolicy(string Path, Policy Policy);

/// <summary>What came of a policy.</summary>
/// <param name="Name">The policy's, with its path where another one beside it has the same.</param>
/// <param name="Path">Of its rule set; null for a compute that is always on.</param>
/// <param name="Timeline">What happened when; null: it was not asked for, or never changes.</param>
internal sealed record SimulationColumn(string Name, string? Path, Prediction Prediction, Timeline? Timeline = null);

/// <summary>Policies side by side under one load, and beside them computes that are always on.</summary>
/// <param name="Policies">As they were asked for.</param>
/// <param name="AlwaysOn">At the size that the busiest moment needs, and where that is another one, at the size that the mean does; of the first policy's unit.</param>
/// <param name="Price">Of a compute-unit hour, where it was given.</param>
internal sealed record SimulationReport(
    LoadSource Load, LoadSurvey Survey, ComputeModel Compute, IReadOnlyList<SimulationColumn> Policies, IReadOnlyList<SimulationColumn> AlwaysOn, decimal? Price)
{
    /// <summary>Each simulation on a thread of the pool: they share nothing but the load, which is read anew by each.</summary>
    /// <param name="columns">Into how many columns at most what happens over time is noted; 0: it is not.</param>
    public static async Task<SimulationReport> MakeAsync(
        IReadOnlyList<PlacedPolicy> policies, LoadSource load, LoadSurvey survey, ComputeModel compute, decimal? price, CancellationToken cancellation, int columns = 0)
    {
        Policy first = policies[0].Policy;
        long[] sizes = [.. new[] { survey.LargestNeed(first, compute), survey.MeanNeed(first, compute) }.Distinct()];
        Task<Prediction>[] fixedSizes = [.. sizes.Select(size => Task.Run(() => Simulation.AlwaysOn(first, size, load, compute), cancellation))];
        Timeline?[] timelines = [.. policies.Select(_ => columns > 0 ? new Timeline(survey.LengthMs, columns) : null)];
        Task<Prediction>[] played = [.. policies.Zip(timelines, (one, timeline) => Task.Run(
            () => timeline is null ? Simulation.Run(one.Policy, load, compute) : Simulation.Run(one.Policy, load, compute, timeline), cancellation))];
        HashSet<string> shared = [.. policies.GroupBy(one => one.Policy.Name).Where(same => same.Count() > 1).Select(same => same.Key)];
        string Name(PlacedPolicy one) => shared.Contains(one.Policy.Name) ? $"{one.Policy.Name} ({one.Path})" : one.Policy.Name;
        return new SimulationReport(
            load, survey, compute,
            [.. policies.Zip(await Task.WhenAll(played), timelines).Select(one => new SimulationColumn(Name(one.First), one.First.Path, one.Second, one.Third))],
            [.. (await Task.WhenAll(fixedSizes)).Select(prediction => new SimulationColumn(prediction.Name, null, prediction))],
            price);
    }

    /// <summary>All, in the order of the table.</summary>
    public IEnumerable<SimulationColumn> Columns => Policies.Concat(AlwaysOn);

    /// <summary>Why one of them could not read the load to its end, which then is not the load of the others; null: all could.</summary>
    public LoadProblem? Problem => Columns.Select(one => one.Prediction.Problem).FirstOrDefault(problem => problem is not null);

    /// <summary>Of the unit hours of a compute that is always on at the size that the busiest moment needs, in the policy's own unit.</summary>
    public double OfAlwaysOn(SimulationColumn one)
    {
        Policy policy = one.Path is null ? Policies[0].Prediction.Policy : one.Prediction.Policy;
        decimal always = Survey.LargestNeed(policy, Compute) * (decimal)one.Prediction.LengthMs;
        return always == 0 ? 0 : (double)(one.Prediction.UnitMs / always);
    }

    /// <summary>What must be known to read the figures, a line each.</summary>
    public IEnumerable<string> Notes()
    {
        yield return $"{AlwaysOn[0].Name}: the largest size that the load needs" + (AlwaysOn.Count > 1 ? $"; {AlwaysOn[1].Name}: what it needs in the mean" : "");
        if (Policies.Any(one => !one.Prediction.Policy.Unit.Equals(Policies[0].Prediction.Policy.Unit)))
        {
            yield return $"the compute unit of these policies is not the same: hours are in each one's own, always on in that of {Policies[0].Name}";
        }

        if (!Load.HasMemory)
        {
            yield return "the load does not say how much memory is resident: none is taken to be";
        }
    }
}
