using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Election;

/// <summary>
/// What one candidate knows of the Lease, and what it may write into it: pure, and in timestamps of its own clock alone. What other clocks wrote into the record is never compared with it, only that the
/// record changed, see https://pkg.go.dev/k8s.io/client-go/tools/leaderelection.
/// </summary>
/// <param name="Observed">As it was last read or written; null: never.</param>
/// <param name="ObservedAt">When this candidate first saw it so.</param>
internal readonly record struct LeaseClaim(Lease? Observed, TimeSpan ObservedAt)
{
    /// <summary>A duration that another configuration wrote is respected up to this.</summary>
    private static readonly TimeSpan LongestDuration = TimeSpan.FromMinutes(10);

    /// <summary>The Lease was read: a record that is new, renewed or released begins to count from now.</summary>
    public LeaseClaim See(Lease found, TimeSpan now) => Observed?.Metadata.ResourceVersion == found.Metadata.ResourceVersion && Observed?.Metadata.Uid == found.Metadata.Uid ? this : new LeaseClaim(found, now);

    public bool IsHeldBy(string identity) => Observed?.Spec.HolderIdentity == identity;

    /// <summary>How long it is still another's; zero: it may be taken.</summary>
    public TimeSpan HeldFor(string identity, TimeSpan now, ElectionOptions options)
    {
        if (Observed is not { Spec: { HolderIdentity.Length: > 0 } spec } || spec.HolderIdentity == identity)
        {
            return TimeSpan.Zero;
        }

        var said = TimeSpan.FromSeconds(Math.Clamp(spec.LeaseDurationSeconds ?? 0, 0, (int)LongestDuration.TotalSeconds));
        TimeSpan left = ObservedAt + (said > options.LeaseDuration ? said : options.LeaseDuration) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>The record to write in the place of what was observed, to take it or to keep it.</summary>
    /// <param name="wall">For people.</param>
    public Lease Taken(string identity, DateTimeOffset wall, ElectionOptions options)
    {
        Lease before = Observed ?? new Lease();
        bool isOurs = IsHeldBy(identity);
        return before with
        {
            Spec = before.Spec with
            {
                HolderIdentity = identity,
                LeaseDurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
                AcquireTime = isOurs ? before.Spec.AcquireTime ?? wall : wall,
                RenewTime = wall,
                LeaseTransitions = isOurs ? before.Spec.LeaseTransitions ?? 0 : (before.Spec.LeaseTransitions ?? -1) + 1,
            },
        };
    }

    /// <summary>The record that lets others take over at once.</summary>
    public Lease Released(DateTimeOffset wall) => Observed! with { Spec = Observed.Spec with { HolderIdentity = "", LeaseDurationSeconds = 1, RenewTime = wall } };
}
