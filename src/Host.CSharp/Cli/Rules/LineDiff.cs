using System.Globalization;
using System.Text;

namespace Serverless.Host.Cli.Rules;

/// <summary>The difference of two texts by lines, in the unified format of diff(1).</summary>
internal static class LineDiff
{
    private const int Context = 3;

    /// <summary>Beyond so many pairs of lines, what is between the common beginning and the common end is shown as replaced whole.</summary>
    private const long MostPairs = 4_000_000;

    public static string Unified(string name, string before, string after, string change = "formatted")
    {
        List<(char Sign, string Line)> edits = Edits(Lines(before), Lines(after));
        var result = new StringBuilder();
        int oldLine = 0, newLine = 0, next = 0;
        while (true)
        {
            int first = edits.FindIndex(next, edit => edit.Sign != ' ');
            if (first < 0)
            {
                return result.ToString();
            }

            if (result.Length == 0)
            {
                result.Append(CultureInfo.InvariantCulture, $"--- {name}\n+++ {name} ({change})\n");
            }

            int from = Math.Max(next, first - Context), until = EndOfHunk(edits, first);
            Advance(edits, next, from, ref oldLine, ref newLine);
            int oldStart = oldLine, newStart = newLine;
            Advance(edits, from, until, ref oldLine, ref newLine);
            result.Append(CultureInfo.InvariantCulture, $"@@ -{Range(oldStart, oldLine)} +{Range(newStart, newLine)} @@\n");
            foreach ((char sign, string line) in edits[from..until])
            {
                result.Append(sign).Append(line).Append('\n');
                if (!line.EndsWith('\n') && line.Length > 0 && line[^1] == NoLineEnd)
                {
                    result.Length -= 2;
                    result.Append("\n\\ No newline at end of file\n");
                }
            }

            next = until;
        }
    }

    /// <summary>Marks the last line of a text without a line end, so that it differs from the same line with one.</summary>
    private const char NoLineEnd = '\0';

    private static string[] Lines(string text)
    {
        string[] lines = text.Split('\n');
        if (lines[^1].Length == 0)
        {
            return lines[..^1];
        }

        lines[^1] += NoLineEnd;
        return lines;
    }

    private static string Range(int from, int until) =>
        string.Create(CultureInfo.InvariantCulture, $"{(until > from ? from + 1 : from)},{until - from}");

    private static void Advance(List<(char Sign, string Line)> edits, int from, int until, ref int oldLine, ref int newLine)
    {
        for (int at = from; at < until; at++)
        {
            oldLine += edits[at].Sign == '+' ? 0 : 1;
            newLine += edits[at].Sign == '-' ? 0 : 1;
        }
    }

    /// <summary>Behind the last change that is near enough to the one before it, and its context.</summary>
    private static int EndOfHunk(List<(char Sign, string Line)> edits, int first)
    {
        int last = first;
        for (int at = first; at < edits.Count && at - last <= 2 * Context; at++)
        {
            last = edits[at].Sign == ' ' ? last : at;
        }

        return Math.Min(edits.Count, last + 1 + Context);
    }

    private static List<(char Sign, string Line)> Edits(string[] before, string[] after)
    {
        int start = 0, end = 0, most = Math.Min(before.Length, after.Length);
        while (start < most && before[start] == after[start])
        {
            start++;
        }

        while (end < most - start && before[^(end + 1)] == after[^(end + 1)])
        {
            end++;
        }

        var edits = before[..start].Select(line => (' ', line)).ToList();
        edits.AddRange(Middle(before[start..^end], after[start..^end]));
        edits.AddRange(before[^end..].Select(line => (' ', line)));
        return edits;
    }

    /// <summary>By the longest common subsequence.</summary>
    private static IEnumerable<(char Sign, string Line)> Middle(string[] before, string[] after)
    {
        if ((long)before.Length * after.Length > MostPairs)
        {
            return before.Select(line => ('-', line)).Concat(after.Select(line => ('+', line)));
        }

        var common = new int[before.Length + 1, after.Length + 1];
        for (int i = before.Length - 1; i >= 0; i--)
        {
            for (int j = after.Length - 1; j >= 0; j--)
            {
                common[i, j] = before[i] == after[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        return Walk();

        IEnumerable<(char, string)> Walk()
        {
            int i = 0, j = 0;
            while (i < before.Length || j < after.Length)
            {
                if (i < before.Length && j < after.Length && before[i] == after[j])
                {
                    yield return (' ', before[i++]);
                    j++;
                }
                else if (j == after.Length || (i < before.Length && common[i + 1, j] >= common[i, j + 1]))
                {
                    yield return ('-', before[i++]);
                }
                else
                {
                    yield return ('+', after[j++]);
                }
            }
        }
    }
}
