namespace Serverless.Host.Gateway.Authentication;

/// <summary>What all listeners of a gateway share for logins.</summary>
/// <param name="Deadline">How long a client may take for its login, in all; what the servers call `connect_timeout`.</param>
public sealed record LoginServices(GatewayKey Key, PasswordWork Work, FailureLimiter Failures, TimeSpan Deadline)
{
    public static TimeSpan DefaultDeadline { get; } = TimeSpan.FromSeconds(10);
}
