namespace Serverless.Host.Cli.Rules;

/// <summary>A line for each scenario that is run, what is wrong with those that do not hold, and a count at the end.</summary>
internal sealed class ScenarioReport(TextWriter output, bool withTimeline)
{
    public void Write(ScenarioResult one)
    {
        string where = one.File is null ? $" ({one.Cases} of them)" : one.Passed ? "" : $" ({one.File}:{one.Line})";
        output.WriteLine($"{(one.Passed ? "ok  " : "FAIL")}  {one.Policy}: {one.Title}{where}");
        output.Write(one.Around);
        if (withTimeline)
        {
            output.Write(one.Timeline);
        }
    }

    public void Count(IReadOnlyList<ScenarioResult> all) => output.WriteLine($"{all.Count(one => one.Passed)} passed, {all.Count(one => !one.Passed)} failed");
}
