using System.CommandLine;

namespace Serverless.Host.Cli.Rules;

/// <summary>`serverless rules …`: what works on rule files alone and needs no database.</summary>
internal static class RulesCommand
{
    public static Command Create() => new("rules", "Check, format, test, prove, simulate and fit rule files, and see what they can speak of")
    {
        RulesCheckCommand.Create(),
        RulesFormatCommand.Create(),
        RulesTestCommand.Create(),
        RulesProveCommand.Create(),
        RulesSimulateCommand.Create(),
        RulesFitCommand.Create(),
        RulesMetricsCommand.Create(),
        RulesExplainCommand.Create(),
    };
}
