namespace Serverless.Host.Gateway.Authentication;

/// <summary>A client's command that changes accounts: if the engine wants an expired password changed before anything else, it is the login that has to run it. Used by one login.</summary>
/// <param name="Command">Less its first byte.</param>
internal sealed record PasswordChange(ReadOnlyMemory<byte> Command)
{
    /// <summary>It may have reached the engine: from then on it is never sent again.</summary>
    public bool IsSent { get; set; }

    /// <summary>The engine has said that it ran. With <see cref="IsSent"/> alone, that is not known.</summary>
    public bool HasRun { get; set; }
}
