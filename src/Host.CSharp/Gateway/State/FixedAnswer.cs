using System.Buffers.Text;
using System.Text;
using Serverless.Host.Mysql;
using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// A statement that is answered as somebody configured, while its session has no backend connection: a monitor's or a pool's own question, which would wake the
/// compute. It only reads, so that nothing is lost by not running it. All of it is ASCII, since clients differ in their character sets.
/// </summary>
public sealed class FixedAnswer
{
    /// <summary>What a statement may look at: nothing that its session alone knows, such as what the last statement left.</summary>
    private const T Reading = T.UserVariables | T.ReadsSystemVariables | T.ReadsUserLock | T.NamesServerConnections | T.SkipsRows;

    private readonly byte[][] _names;
    private readonly byte[]?[][] _rows;

    /// <param name="statement">Its text, white space and semicolons at its ends aside.</param>
    /// <param name="columns">Names of the columns of its result; none: it is answered with OK.</param>
    /// <param name="rows">As many values each as there are columns; null is NULL. A column of whole numbers is one of numbers.</param>
    /// <exception cref="ArgumentException">One of them cannot be answered so; the message says why.</exception>
    public FixedAnswer(string statement, IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        Text = Trim(Encoding.UTF8.GetBytes(statement)).ToArray();
        if (WhyNot(Text.Span, columns, rows) is { } reason) throw new ArgumentException(reason);
        _names = [.. columns.Select(Encoding.ASCII.GetBytes)];
        _rows = [.. rows.Select(row => row.Select(value => value is null ? null : Encoding.ASCII.GetBytes(value)).ToArray())];
    }

    public ReadOnlyMemory<byte> Text { get; }

    /// <summary>The statement without what stands around it.</summary>
    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> statement) => statement.Trim(" \t\r\n;"u8);

    /// <summary>Null: it cannot be said in the character set of the session's results, or it has more rows than the session wants.</summary>
    internal LocalAnswer? Answer(SessionState state, ServerCatalogue catalogue)
    {
        var make = LocalAnswers.Columns(state, catalogue);
        if (!make.CanText || !LocalAnswers.HasRoom(state, _rows.Length)) return null;
        if (_names.Length == 0)
        {
            LastStatementRules.AfterOk(state, catalogue, isSet: false);
            return LocalAnswer.Ok;
        }
        LastStatementRules.AfterShow(state, _rows.Length);
        return new LocalAnswer { Columns = [.. _names.Select((name, at) => Column(make, name, at))], Rows = _rows };
    }

    private LocalColumn Column(in LocalColumns make, byte[] name, int at)
    {
        var values = _rows.Select(row => row[at]).OfType<byte[]>().ToArray();
        return values.Length > 0 && values.All(value => Utf8Parser.TryParse(value, out long _, out var used) && used == value.Length)
            ? LocalColumns.Count(name, unsigned: false) with { Flags = MysqlTypes.BinaryFlag }
            : make.Text(name, values.Select(value => value.Length).DefaultIfEmpty(0).Max(), 0);
    }

    private static string? WhyNot(ReadOnlySpan<byte> text, IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string?>> rows)
    {
        if (text.Length is 0 or > LocalAnswers.LongestText) return $"a statement of 1 to {LocalAnswers.LongestText} bytes expected, one of {text.Length} found";
        if (!Ascii.IsValid(text) || columns.Concat(rows.SelectMany(row => row).OfType<string>()).Any(part => !Ascii.IsValid(part)))
            return "only ASCII expected, since clients differ in their character sets, other characters found";
        var kind = StatementKind.Unknown;
        foreach (var family in new[] { ServerFamily.MariaDb, ServerFamily.MySql })
        {
            var info = StatementClassifier.Classify(text, new SqlDialect(family, Version: 0));
            kind = info.Kind;
            if (kind is not (StatementKind.Select or StatementKind.Show or StatementKind.Do) || (info.Traits & ~Reading) != 0)
                return $"one SELECT, SHOW or DO expected that changes nothing, and asks nothing of its session, since it is not run; this is `{info}`";
        }
        if (columns.Count == 0 == (kind != StatementKind.Do)) return kind == StatementKind.Do ? "no columns expected, DO has no result" : "the names of the result's columns expected, none found";
        if (columns.Count == 0 && rows.Count > 0) return "no rows expected, since there are no columns";
        return rows.FirstOrDefault(row => row.Count != columns.Count) is { } odd ? $"rows of {columns.Count} values expected, one for each column, one of {odd.Count} found" : null;
    }
}
