using System.Net;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>What the listeners of a gateway share for logins.</summary>
/// <param name="Deadline">How long a client may take for its login, in all; what the servers call `connect_timeout`.</param>
public sealed record LoginServices(GatewayKey Key, PasswordWork Work, FailureLimiter Failures, TimeSpan Deadline)
{
    public static TimeSpan DefaultDeadline { get; } = TimeSpan.FromSeconds(10);

    public LoginCounters Counters { get; init; } = new();

    /// <summary>Lets the answer to a failed login wait as long as its address and its user have earned.</summary>
    internal async ValueTask DelayFailureAsync(EventLoop loop, IPAddress? address, string? user, LoginDeadline deadline)
    {
        var delay = Failures.Failed(address, user);
        Counters.CountFailed(isDelayed: delay > TimeSpan.Zero);
        if (delay <= TimeSpan.Zero) return;
        using (deadline.Pause()) await loop.DelayAsync(delay);
    }

    /// <summary>For one database: guessing at the passwords of another slows nobody down here.</summary>
    public LoginServices ForDatabase(LoginCounters? counters = null) => this with { Work = Work.Share(), Failures = Failures.Another(), Counters = counters ?? new() };
}
