namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

/// <summary>What the StatefulSet of a database says about a suspend, at one of its versions.</summary>
/// <param name="Intent">The id of the intent to suspend that is on it; empty: there is none. An id is never used again.</param>
/// <param name="IsPatient">An operator asked for it: statements wait for its end and do not take it back.</param>
/// <param name="IsUp">It is scaled above zero.</param>
internal readonly record struct FenceView(Guid Intent, bool IsPatient, bool IsUp)
{
    /// <summary>A gate may be open.</summary>
    public bool IsFree => IsUp && Intent == Guid.Empty;
}
