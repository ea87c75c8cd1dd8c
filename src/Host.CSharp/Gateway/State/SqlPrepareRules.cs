using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>Follows PREPARE, EXECUTE and DEALLOCATE PREPARE.</summary>
internal static class SqlPrepareRules
{
    /// <summary>A text of which not all is known.</summary>
    private const T Unclear = T.MultiStatement | T.NotUnderstood | T.Unterminated | T.ExecutableComment;

    /// <summary>An EXECUTE of such a text stays what it is to those who only see its name.</summary>
    private const T NotSeenThrough = Unclear | T.RunsStoredCode | T.SqlPrepare | T.SqlExecute | T.SqlDeallocate;

    public static void Starting(SessionState state, in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        var store = state.UseSqlPrepared();
        if (info.Has(T.MultiStatement))
        {
            if (info.Has(T.SqlPrepare) || store.All.Count > 0) Take(state, name: null);
            store.LoseCounts();
        }
        else if (info.Has(T.SqlPrepare))
        {
            var known = info.Has(Unclear) || sql.Length > SqlPreparedStatements.MostBytes ? null : SqlPrepareText.Read(sql, state.Schema, state.Dialect);
            if (known is not null && !store.HasRoomFor(known)) known = null;
            var name = known?.Name ?? StatementNames.Prepared(sql, state.Dialect);
            if (known is null) Take(state, name);
            store.BeginPrepare(name, known);
        }
        else
        {
            var name = StatementNames.Prepared(sql, state.Dialect);
            if (name is not null) state.Held?.Leave(PinCauses.SqlPreparedStatement, name);
            store.BeginDeallocate(name);
        }
    }

    public static void Ended(SessionState state, bool ran)
    {
        if (state.SqlPrepared?.End(ran, state.TextContext) is { } name) state.Held?.Drop(PinCauses.SqlPreparedStatement, name);
    }

    /// <summary>An EXECUTE of a known statement is what that statement is.</summary>
    public static StatementInfo Resolve(SessionState state, in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        if (!info.Has(T.SqlExecute) || info.Has(Unclear) || Find(state, sql) is not { } known || known.Info.Has(NotSeenThrough)) return info;
        return new StatementInfo(known.Info.Kind, (info.Traits & ~T.RunsStoredCode) | known.Info.Traits);
    }

    /// <summary>The statement that an EXECUTE names. Null when it is not known, or stored code may have given its name to another.</summary>
    public static SqlPrepared? Find(SessionState state, ReadOnlySpan<byte> sql)
    {
        if (state.SqlPrepared is not { } store || state.Pins.Has(PinCauses.StoredCode) || store.AreBound(state.TextContext, state.Schema)) return null;
        return SqlPrepareText.Executed(sql, state.Dialect) is { } name ? store.Find(name) : null;
    }

    /// <summary>The statement that an EXECUTE or DEALLOCATE names, when this backend connection lacks it though it should be there; otherwise null.</summary>
    public static SqlPrepared? Missing(SessionState state, in StatementInfo info, ReadOnlySpan<byte> sql)
    {
        if (state.SqlPrepared is not { } store || info.Has(Unclear) || state.Pins.Has(PinCauses.StoredCode)) return null;
        var name = info.Has(T.SqlExecute) ? SqlPrepareText.Executed(sql, state.Dialect) : StatementNames.Prepared(sql, state.Dialect);
        return name is not null && store.Find(name) is { IsMissing: true } missing ? missing : null;
    }

    private static void Take(SessionState state, string? name)
    {
        state.Pins.Set(PinCauses.SqlPreparedStatement, on: true);
        state.Hold().Take(PinCauses.SqlPreparedStatement, name);
    }
}
