using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>A client that the gateway let in cannot be logged in to the engine. The error is meant for the client.</summary>
public sealed class BackendLoginException : Exception
{
    public BackendLoginException() : this(new ErrPacket(ErrorCode.UnknownError, "The login to the engine failed")) { }

    public BackendLoginException(string message) : this(new ErrPacket(ErrorCode.UnknownError, message)) { }

    public BackendLoginException(string message, Exception inner) : this(new ErrPacket(ErrorCode.UnknownError, message), inner) { }

    public BackendLoginException(ErrPacket error, Exception? inner = null) : base(error.Message, inner) => Error = error;

    public ErrPacket Error { get; }

    /// <summary>The engine lets the account in, and wants its password changed before anything else.</summary>
    public bool MustChangePassword => Error.Code == ErrorCode.MustChangePassword;

    /// <summary>It was the change of an expired password that the engine refused: another one may be better.</summary>
    public bool ChangeRefused { get; init; }
}
