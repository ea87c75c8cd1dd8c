using Serverless.Host.Compute.Kubernetes.Fleet.Election;

namespace Serverless.Host.Compute.Kubernetes.Fleet;

/// <summary>Times that gateways keep with each other.</summary>
internal sealed record FleetOptions
{
    public ElectionOptions Election { get; init; } = new();

    /// <summary>All times that say that somebody is gone, in proportion.</summary>
    /// <param name="leaseFor">After which one that is not heard of is replaced as the leader, and counts as active: 15 s by default.</param>
    public static FleetOptions Of(TimeSpan leaseFor) => new()
    {
        Election = new ElectionOptions { LeaseDuration = leaseFor, RenewDeadline = leaseFor * 2 / 3, RetryPeriod = leaseFor * 2 / 15, CallLimit = leaseFor * 4 / 15 },
        RenewPeriod = leaseFor / 3,
        SilenceLimit = leaseFor,
    };

    /// <summary>A gateway's Lease is renewed this often while nothing changes.</summary>
    public TimeSpan RenewPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A gateway whose Lease has not changed for this long counts as active.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Activity is told at most this often. A promise is told at once.</summary>
    public TimeSpan ActivityPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>An intent that is neither carried out nor taken back for this long, after the time that it gives the drains, is taken back. Longer than a suspend may take between its drain and its stop.</summary>
    public TimeSpan IntentLimit { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How often it is looked whether whoever intends a suspend is there still.</summary>
    public TimeSpan OrphanPeriod { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For one call of the fence.</summary>
    public TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Before what failed is tried again, to begin with; doubled up to <see cref="LongestRetry"/>.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(2);
}
