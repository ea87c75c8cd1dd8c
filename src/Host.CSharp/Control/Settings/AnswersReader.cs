using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Control.Settings;

/// <summary>Reads `answers`: statements with what they are answered.</summary>
internal static class AnswersReader
{
    /// <returns>Null: nothing is said of them.</returns>
    public static FixedAnswers? Read(SettingsSection section)
    {
        IReadOnlyList<SettingsSection> list = section.List("answers");
        if (list.Count > FixedAnswers.Most)
        {
            section.Fail("answers", $"expected at most {FixedAnswers.Most}, since each statement of each client is compared with them, found {list.Count}");
        }

        List<FixedAnswer> answers = [.. list.Select(ReadOne).OfType<FixedAnswer>()];
        foreach (IGrouping<string, FixedAnswer> same in answers.GroupBy(answer => System.Text.Encoding.ASCII.GetString(answer.Text.Span), StringComparer.Ordinal).Where(same => same.Count() > 1))
        {
            section.Fail("answers", $"expected each statement once, found `{same.Key}` {same.Count()} times");
        }

        return section.IsGiven("answers") ? new FixedAnswers(answers) : null;
    }

    private static bool IsTheGateways(ReadOnlySpan<byte> text)
    {
        var dialect = new SqlDialect(ServerFamily.MariaDb, Version: 0);
        return ProcessListStatement.IsIt(text, StatementClassifier.Classify(text, dialect), dialect) || ServerlessStatement.Of(text, dialect) is not null;
    }

    private static FixedAnswer? ReadOne(SettingsSection section)
    {
        string? statement = section.Text("statement");
        IReadOnlyList<string> columns = section.Texts("columns");
        IReadOnlyList<IReadOnlyList<string?>> rows = section.Rows("rows");
        section.EndOfKeys();
        if (statement is null)
        {
            section.Fail("statement", "an answer needs the statement that it is for");
            return null;
        }

        try
        {
            var answer = new FixedAnswer(statement, columns, rows);
            if (IsTheGateways(answer.Text.Span))
            {
                section.Fail("statement", $"expected a statement that the gateway does not answer itself, found `{statement}`");
            }

            return answer;
        }
        catch (ArgumentException wrong)
        {
            section.Fail("statement", wrong.Message);
            return null;
        }
    }
}
