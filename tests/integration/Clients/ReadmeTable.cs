using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Clients;

/// <summary>The table of clients in the README: a row for each, two columns (plain, TLS) for each engine.</summary>
internal static class ReadmeTable
{
    private const string Begin = "| client | MariaDB | MariaDB, TLS | MySQL | MySQL, TLS |\n|---|---|---|---|---|\n";

    /// <summary>Fails where the table says something else of an engine than was found; what was not tried may say anything.</summary>
    public static void Check(bool isMySql, IReadOnlyDictionary<(string Program, bool Tls), bool> found)
    {
        string path = Path.Combine(Repository.Root, "README.md");
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal);
        Assert.That(begin, Is.GreaterThanOrEqualTo(0), "the README has a table of clients");
        begin += Begin.Length;
        int end = text.IndexOf("\n\n", begin, StringComparison.Ordinal);
        var said = text[begin..end].Split('\n').Select(row => row.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray()).ToDictionary(cells => cells[0], cells => cells[1..]);
        string[] rows = [.. ClientProgram.All.Select(program => Row(program.Name, said.GetValueOrDefault(program.Name) ?? ["", "", "", ""]))];
        string table = string.Join('\n', rows);
        if (Environment.GetEnvironmentVariable("SERVERLESS_TEST_WRITE_GOLDEN") is "1")
        {
            File.WriteAllText(path, text[..begin] + table + text[end..]);
            return;
        }

        Assert.That(text[begin..end], Is.EqualTo(table), "the README's table of clients; run with SERVERLESS_TEST_WRITE_GOLDEN=1 to write it");

        string Row(string name, string[] cells)
        {
            foreach (bool tls in new[] { false, true })
            {
                if (found.TryGetValue((name, tls), out bool works)) cells[(isMySql ? 2 : 0) + (tls ? 1 : 0)] = works ? "yes" : "no";
            }

            return $"| {name} | {string.Join(" | ", cells)} |";
        }
    }
}
