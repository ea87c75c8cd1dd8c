using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// What a statement that was answered without a server leaves to be asked for, where something was kept from before. The two servers differ:
/// MariaDB keeps warnings over statements that use no table, MySQL ends them with every statement that is not itself about them.
/// </summary>
internal static class LastStatementRules
{
    private static readonly StoredWarning FoundRowsDeprecated = new(
        "Warning"u8.ToArray(), "1287"u8.ToArray(),
        "FOUND_ROWS() is deprecated and will be removed in a future release. Consider using COUNT(*) instead."u8.ToArray());

    public static void AfterSelect(SessionState state, ServerCatalogue catalogue, ref LocalAnswer answer, in StatementInfo info)
    {
        var (warnings, count) = (state.LastStatement?.Warnings ?? [], state.LastStatement?.WarningCount ?? 0);
        if (catalogue.Family == ServerFamily.MySql) (warnings, count) = ([], 0);
        if (catalogue.Family == ServerFamily.MySql && info.Has(StatementTraits.ReadsFoundRows))
        {
            warnings = [FoundRowsDeprecated];
            answer = new LocalAnswer { Columns = answer.Columns, Rows = answer.Rows, Warnings = 1 };
        }
        if (state.LastStatement is not null) state.LastStatement = new LastStatement(1, -1, warnings, count);
    }

    /// <summary>After any result set of a statement that ends warnings on both servers.</summary>
    public static void AfterShow(SessionState state, int rows)
    {
        if (state.LastStatement is not null) state.LastStatement = new LastStatement((ulong)rows, -1, [], 0);
    }

    public static void AfterOk(SessionState state, ServerCatalogue catalogue, bool isSet)
    {
        if (state.LastStatement is not { } last) return;
        var ends = isSet && catalogue.Family == ServerFamily.MySql;
        state.LastStatement = last with { RowCount = 0, Warnings = ends ? [] : last.Warnings, WarningCount = ends ? 0 : last.WarningCount };
    }
}
