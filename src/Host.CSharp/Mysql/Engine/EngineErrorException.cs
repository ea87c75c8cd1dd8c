namespace Serverless.Host.Mysql;

/// <summary>The engine answered with an error; the connection can still be used, except when it was refused at login.</summary>
public sealed class EngineErrorException : Exception
{
    public EngineErrorException() : this(ErrorCode.UnknownError, "HY000", "Unknown error") { }

    public EngineErrorException(string message) : this(ErrorCode.UnknownError, "HY000", message) { }

    public EngineErrorException(string message, Exception inner) : base(message, inner) { }

    public EngineErrorException(ushort code, string sqlState, string message) : base($"{message} (error {code}, SQLSTATE {sqlState})")
    {
        Code = code;
        SqlState = sqlState;
        EngineMessage = message;
    }

    internal EngineErrorException(ErrPacket error) : this(error.Code, error.SqlState, error.Message) { }

    public ushort Code { get; }

    public string SqlState { get; } = "HY000";

    /// <summary>The engine's own words.</summary>
    public string EngineMessage { get; } = "";
}
