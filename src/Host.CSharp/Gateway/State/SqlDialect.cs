using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>What decides how a server reads a statement's text: the family and version (executable comments) and the session's sql_mode.</summary>
/// <param name="Version">Version as in executable comments: 101106 for MariaDB 10.11.6, 90700 for MySQL 9.7.0.</param>
/// <param name="AnsiQuotes">sql_mode has ANSI_QUOTES: a double quote encloses an identifier.</param>
/// <param name="NoBackslashEscapes">sql_mode has NO_BACKSLASH_ESCAPES: a backslash in a string is an ordinary character.</param>
/// <param name="FoldsTableNames">lower_case_table_names is not 0: table names that differ in case only are the same.</param>
/// <param name="ForeignGrammar">sql_mode has MariaDB's ORACLE or MSSQL, whose grammar the classifier does not know.</param>
/// <param name="TreacherousCharacterSet">Statements come in a character set in which a part of a character may look like ASCII.</param>
public readonly record struct SqlDialect(
    ServerFamily Family, int Version, bool AnsiQuotes = false, bool NoBackslashEscapes = false, bool ForeignGrammar = false,
    bool FoldsTableNames = false, bool TreacherousCharacterSet = false)
{
    /// <summary>The dialect of a fresh session of the profiled server.</summary>
    public static SqlDialect Of(ServerProfile profile) =>
        new SqlDialect(profile.Family, ParseVersion(profile.Version), FoldsTableNames: Variable(profile, "lower_case_table_names") != "0")
            .WithSqlMode(Variable(profile, "sql_mode"));

    private static string Variable(ServerProfile profile, string name) => profile.Variables.TryGetValue(name, out var value) ? value : "";

    public SqlDialect WithSqlMode(string sqlMode)
    {
        bool ansi = false, noEscapes = false, foreign = false;
        foreach (var range in sqlMode.AsSpan().Split(','))
        {
            var mode = sqlMode.AsSpan()[range];
            ansi |= mode.Equals("ANSI_QUOTES", StringComparison.OrdinalIgnoreCase);
            noEscapes |= mode.Equals("NO_BACKSLASH_ESCAPES", StringComparison.OrdinalIgnoreCase);
            foreign |= mode.Equals("ORACLE", StringComparison.OrdinalIgnoreCase) || mode.Equals("MSSQL", StringComparison.OrdinalIgnoreCase);
        }
        return this with { AnsiQuotes = ansi, NoBackslashEscapes = noEscapes, ForeignGrammar = foreign && Family == ServerFamily.MariaDb };
    }

    /// <summary>`10.11.6-MariaDB`, `5.5.5-10.11.6-MariaDB` and `9.7.0` to the number that executable comments compare with; 0 when it has no such form.</summary>
    public static int ParseVersion(string version)
    {
        var text = version.AsSpan();
        if (text.StartsWith("5.5.5-", StringComparison.Ordinal)) text = text[6..];
        var number = 0;
        for (var part = 0; part < 3; part++)
        {
            var digits = 0;
            var value = 0;
            while (digits < text.Length && digits < 4 && char.IsAsciiDigit(text[digits])) value = value * 10 + (text[digits++] - '0');
            if (digits == 0) return 0;
            number = number * 100 + Math.Min(value, 99);
            text = text[digits..];
            if (part < 2)
            {
                if (text.IsEmpty || text[0] != '.') return 0;
                text = text[1..];
            }
        }
        return number;
    }
}
