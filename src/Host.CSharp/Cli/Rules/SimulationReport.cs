using Serverless.Core;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>Policies side by side under one load, and beside them computes that are always on.</summary>
/// <param name="Policies">As they were asked for.</param>
/// <param name="AlwaysOn">At the size that the busiest moment needs, and where that is another one, at the size that the mean does; of the first policy's unit.</param>
/// <param name="Price">Of a compute-unit hour, where it was given.</param>
internal sealed record SimulationReport(
    LoadSource Load, LoadSurvey Survey, ComputeModel Compute, IReadOnlyList<Prediction> Policies, IReadOnlyList<Prediction> AlwaysOn, decimal? Price)
{
    /// <summary>Each simulation on a thread of the pool: they share nothing but the load, which is read anew by each.</summary>
    public static async Task<SimulationReport> MakeAsync(
        IReadOnlyList<Policy> policies, LoadSource load, LoadSurvey survey, ComputeModel compute, decimal? price, CancellationToken cancellation)
    {
        long[] sizes = [.. new[] { survey.LargestNeed(policies[0], compute), survey.MeanNeed(policies[0], compute) }.Distinct()];
        Task<Prediction>[] fixedSizes = [.. sizes.Select(size => Task.Run(() => Simulation.AlwaysOn(policies[0], size, load, compute), cancellation))];
        Task<Prediction>[] played = [.. policies.Select(policy => Task.Run(() => Simulation.Run(policy, load, compute), cancellation))];
        return new SimulationReport(load, survey, compute, await Task.WhenAll(played), await Task.WhenAll(fixedSizes), price);
    }

    /// <summary>All, in the order of the table.</summary>
    public IEnumerable<Prediction> Columns => Policies.Concat(AlwaysOn);

    /// <summary>What of the unit hours of a compute that is always on at the size that the busiest moment needs, in the policy's own unit.</summary>
    public double OfAlwaysOn(Prediction one)
    {
        decimal always = Survey.LargestNeed(AlwaysOn.Contains(one) ? Policies[0].Policy : one.Policy, Compute) * (decimal)one.LengthMs;
        return always == 0 ? 0 : (double)(one.UnitMs / always);
    }

    /// <summary>Policies count in units that are not the same.</summary>
    public bool HasOtherUnits => Policies.Any(one => !one.Policy.Unit.Equals(Policies[0].Policy.Unit));
}
