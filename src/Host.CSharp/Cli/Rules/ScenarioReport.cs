using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>A line for each scenario that is run, what is wrong with those that do not hold, and a count at the end.</summary>
internal sealed class ScenarioReport(TextWriter output, bool withTimeline)
{
    private int _passed;
    private int _failed;

    /// <summary>Runs the scenarios of a policy, and its properties under loads that do not change.</summary>
    /// <param name="filter">Part of the policy's name or of a title; null: all.</param>
    public void Of(Suite suite, string? filter)
    {
        bool Wanted(string title) =>
            filter is null || suite.Policy.Name.Contains(filter, StringComparison.OrdinalIgnoreCase) || title.Contains(filter, StringComparison.OrdinalIgnoreCase);

        foreach (Scenario scenario in suite.Scenarios.Where(one => Wanted(one.Title)))
        {
            ScenarioRun run = ScenarioRunner.Run(suite, scenario);
            Line(run.Passed, $"{run.Policy}: {run.Title}", run.Passed ? "" : $" ({run.File}:{run.Line})");
            output.Write(run.Render());
            if (withTimeline)
            {
                output.Write(run.Timeline());
            }
        }

        const string Steady = "properties under loads that do not change";
        if (suite.Properties.Count > 0 && Wanted(Steady))
        {
            SteadyRun run = ScenarioRunner.RunSteady(suite);
            Line(run.Passed, $"{run.Policy}: {Steady}", $" ({run.Count} of them)");
            foreach (SteadyFailure failure in run.Failures)
            {
                output.WriteLine($"  {failure.File}:{failure.Line}: expected property {failure.Property}");
                output.WriteLine($"    came: under {failure.Under}, {failure.Came}");
            }
        }
    }

    /// <summary>Writes the count; the exit code.</summary>
    public int Finish(TextWriter error, IReadOnlyList<string> paths)
    {
        if (_passed + _failed == 0)
        {
            error.WriteLine($"no scenario to run in {string.Join(", ", paths)}");
            return ExitCode.Usage;
        }

        output.WriteLine($"{_passed} passed, {_failed} failed");
        return _failed == 0 ? ExitCode.Fine : ExitCode.Wrong;
    }

    private void Line(bool passed, string what, string where)
    {
        output.WriteLine($"{(passed ? "ok  " : "FAIL")}  {what}{where}");
        if (passed) _passed++;
        else _failed++;
    }
}
