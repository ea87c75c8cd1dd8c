namespace Serverless.Host.Compute.Kubernetes.Fleet.Election;

/// <summary>Times of an election, those of client-go. Two never lead at once as long as no clock runs faster than another by <see cref="LeaseDuration"/> over <see cref="RenewDeadline"/>.</summary>
internal sealed record ElectionOptions
{
    /// <summary>Others take over when they have seen no renewal for this long.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The leader steps down when the last renewal that succeeded was sent this long ago.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Between attempts; those who do not lead wait up to a fifth longer, each by chance, so that they do not ask together.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For one call: a leader whose call hangs has another one before its time is over.</summary>
    public TimeSpan CallLimit { get; init; } = TimeSpan.FromSeconds(4);
}
