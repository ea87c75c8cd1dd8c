using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>How an attach ended. Neither an error nor trouble: the session has its connection.</summary>
/// <param name="Error">For the client.</param>
/// <param name="EndsSession">A direct login would have been refused, so the session ends with the error.</param>
/// <param name="Trouble">It did not succeed, and may if it is tried again; in words.</param>
/// <param name="Ran">The statement that asked for the connection has run well, since it was the one that the login allowed.</param>
internal readonly record struct AttachOutcome(ErrPacket? Error, bool EndsSession, string? Trouble, bool Ran = false)
{
    public static AttachOutcome Retry(string trouble) => new(Error: null, EndsSession: false, trouble);

    public static AttachOutcome Refused(ErrPacket error) => new(error, EndsSession: true, Trouble: null);

    /// <summary>A direct login would have been let in, and this statement refused.</summary>
    public static AttachOutcome StatementRefused(ErrPacket error) => new(error, EndsSession: false, Trouble: null);
}
