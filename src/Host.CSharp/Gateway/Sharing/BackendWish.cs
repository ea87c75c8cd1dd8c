using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sharing;

/// <summary>What a connection of the pool needs before a session can use it, from most to nothing.</summary>
internal enum BackendFit : byte
{
    /// <summary>It cannot serve.</summary>
    None,

    /// <summary>COM_RESET_CONNECTION and all that the session had.</summary>
    AfterReset,

    /// <summary>Nothing but LAST_INSERT_ID().</summary>
    WithLastInsertId,

    /// <summary>Nothing.</summary>
    AsItIs,

    /// <summary>Nothing, and what the session has prepared is still there.</summary>
    Own,
}

/// <summary>What a session that needs a backend connection would find on the one it left.</summary>
/// <param name="Session">Its connection id.</param>
/// <param name="AsksWhatWasLeft">Its statement asks, beside other things, for what the last statement on the connection left.</param>
internal readonly record struct BackendWish(
    uint Session, BackendAddress Address, int Era, SettingsSignature Settings, ulong LastInsertId, bool HasSchema, bool MultiStatements, bool AsksWhatWasLeft)
{
    public BackendFit FitOf(LentBackend backend)
    {
        if (backend.Era != Era || backend.Address != Address || (backend.HasSchema && !HasSchema)) return BackendFit.None;
        var own = backend.Owner == Session;
        if (backend.NeedsReset || !backend.Settings.Equals(Settings)) return BackendFit.AfterReset;
        if (!own && (backend.NeedsResetForOthers || AsksWhatWasLeft)) return BackendFit.AfterReset;
        if (backend.LastInsertId != LastInsertId || backend.MultiStatements != MultiStatements) return BackendFit.WithLastInsertId;
        return own ? BackendFit.Own : BackendFit.AsItIs;
    }
}
