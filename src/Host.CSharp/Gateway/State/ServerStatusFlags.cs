namespace Serverless.Host.Gateway.State;

/// <summary>SERVER_STATUS_… flags that session state depends on (MySQL protocol, "Status Flags").</summary>
internal static class ServerStatusFlags
{
    public const ushort InTransaction = 0x0001;
    public const ushort Autocommit = 0x0002;
    public const ushort CursorExists = 0x0040;
    public const ushort LastRowSent = 0x0080;
    public const ushort NoBackslashEscapes = 0x0200;
    public const ushort InReadOnlyTransaction = 0x2000;
    public const ushort SessionStateChanged = 0x4000;
    public const ushort AnsiQuotes = 0x8000;

    /// <summary>Those that tell of the session, not of one statement's answer.</summary>
    public const ushort OfSession = InTransaction | Autocommit | NoBackslashEscapes | InReadOnlyTransaction | AnsiQuotes;
}
