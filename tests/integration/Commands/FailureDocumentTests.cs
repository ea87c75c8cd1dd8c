using System.Reflection;
using System.Runtime.CompilerServices;

namespace Serverless.Tests.Integration.Commands;

/// <summary>docs/failures.md names a test in each row, and each of them exists.</summary>
public sealed class FailureDocumentTests
{
    [Test]
    public void EveryRow_NamesATest_ThatExists()
    {
        HashSet<string> tests = [.. Assembly.GetExecutingAssembly().GetTypes().SelectMany(type => type.GetMethods()).Select(method => method.Name)];
        List<string> rows = [.. File.ReadLines(Document()).Where(line => line.StartsWith('|') && !line.StartsWith("| what fails", StringComparison.Ordinal) && !line.StartsWith("|---", StringComparison.Ordinal))];
        Assert.That(rows, Has.Count.GreaterThan(20));
        foreach (string row in rows)
        {
            string[] named = [.. row.TrimEnd(' ', '|').Split('|')[^1].Split('`').Where((_, index) => index % 2 == 1)];
            Assert.That(named, Is.Not.Empty, row);
            Assert.That(tests, Is.SupersetOf(named), row);
        }
    }

    private static string Document([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "failures.md");
}
