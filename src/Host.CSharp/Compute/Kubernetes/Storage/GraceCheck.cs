using System.Globalization;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Storage;

/// <summary>Whether an engine has the time to end by itself between SIGTERM and SIGKILL (terminationGracePeriodSeconds).</summary>
internal static class GraceCheck
{
    /// <summary>What Kubernetes gives when nothing is said, in seconds.</summary>
    private const long Default = 30;

    /// <summary>An engine that was prepared for its stop still has a last checkpoint to write, in seconds.</summary>
    private const long Least = 5;

    /// <returns>Null: it has. Otherwise what is wrong and what to do.</returns>
    public static string? WhyTooShort(StatefulSet set) => Seconds(set) >= Least
        ? null
        : string.Create(CultureInfo.InvariantCulture,
            $"its pods are killed {Seconds(set)} s after they are told to end (terminationGracePeriodSeconds), and an engine needs at least {Least} s to end cleanly: raise it to {Default} or more");

    private static long Seconds(StatefulSet set) => set.Spec.Template.Spec.TerminationGracePeriodSeconds ?? Default;
}
