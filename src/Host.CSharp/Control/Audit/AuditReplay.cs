using System.Runtime.CompilerServices;
using System.Text.Json;
using Serverless.Core;
using Serverless.Host.Control.Policies;
using Serverless.Rules;

namespace Serverless.Host.Control.Audit;

/// <summary>Replays one audit file: the same inputs from the same state under the same rules, and compares each decision with the one that was logged.</summary>
internal static class AuditReplay
{
    private const int LongestShown = 60;
    private const int LongestMessage = 500;

    /// <exception cref="InvalidDataException">The file is no audit file, or a line of it cannot be read; the message says which.</exception>
    public static async Task<AuditReplayResult> RunAsync(string path, CancellationToken cancellation)
    {
        int inputs = 0;
        State? end = null;
        var differences = new List<string>();
        await foreach (AuditStep step in StepsAsync(path, cancellation))
        {
            inputs++;
            end = step.After;
            if (step.Differs)
            {
                differences.Add(Difference(path, step));
            }
        }

        return new AuditReplayResult(inputs, differences, end);
    }

    public static string Difference(string path, AuditStep step) => $"{path}:{step.Number}: logged {step.Logged}, replayed {step.Replayed}";

    /// <summary>The inputs of a file one after another, each with what comes of it.</summary>
    /// <exception cref="InvalidDataException">The file is no audit file, or a line of it cannot be read; the message says which.</exception>
    public static async IAsyncEnumerable<AuditStep> StepsAsync(string path, [EnumeratorCancellation] CancellationToken cancellation)
    {
        PolicySource? rules = null;
        State? state = null;
        int number = 0;
        InvalidDataException? cut = null;
        if (IsEmpty(path))
        {
            // a pipe, which looks like that, would be waited for
            yield break;
        }

        await foreach (string text in File.ReadLinesAsync(path, cancellation))
        {
            if (cut is not null)
            {
                throw cut;
            }

            number++;
            using JsonDocument? line = Parse(path, number, text, out cut);
            if (line is null)
            {
                if (rules is null && !text.StartsWith('{'))
                {
                    throw Wrong(path, number, $"expected a line of an audit log, found `{Printable.Of(text, LongestShown)}`");
                }

                // a process that was killed may leave its last line unfinished; anywhere else it is an error
                continue;
            }

            JsonElement root = line.RootElement;
            if (Has(root, "rules", out JsonElement source))
            {
                rules = ReadRules(path, number, source);
            }
            else if (Has(root, "head", out JsonElement head))
            {
                Policy policy = rules?.Policy ?? throw Wrong(path, number, "the state comes before the rules");
                if (Has(head, "version", out JsonElement version) && !(version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out int written) && written is >= 1 and <= AuditLine.Version))
                {
                    throw Wrong(path, number, $"expected a log of version 1 to {AuditLine.Version}, found version {Printable.Of(version.GetRawText(), LongestShown)}: read it with the release that wrote it");
                }

                if (!Has(head, "state", out JsonElement saved))
                {
                    throw Wrong(path, number, "expected the state in the head");
                }

                state = Value(path, number, KernelJson.ReadFullState(policy, saved.GetRawText()));
            }
            else if (Has(root, "input", out JsonElement input))
            {
                if (rules is null || state is null)
                {
                    throw Wrong(path, number, "an input comes before rules and state");
                }

                Input told = Value(path, number, KernelJson.ReadInput(input.GetRawText()));
                State before = state;
                (state, Decision decision) = Kernel.Step(rules.Policy, before, told);
                string logged = Has(root, "decision", out JsonElement noted) ? noted.GetRawText() : AuditStep.Quiet;
                string again = AuditLine.IsQuiet(decision) ? AuditStep.Quiet : KernelJson.WriteDecision(decision);
                yield return new AuditStep(number, rules.Policy, before, told, state, decision, logged, again);
            }
            else
            {
                throw Wrong(path, number, "expected rules, head or input");
            }
        }
    }

    private static bool Has(JsonElement line, string name, out JsonElement value)
    {
        value = default;
        return line.ValueKind == JsonValueKind.Object && line.TryGetProperty(name, out value);
    }

    private static PolicySource ReadRules(string path, int number, JsonElement source)
    {
        string? policy = Text(source, "policy");
        if (policy is null || !Has(source, "files", out JsonElement listed) || listed.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(path, number, "expected the rules with their `policy` and `files`");
        }

        var files = new List<RuleFile>();
        foreach (JsonElement file in listed.EnumerateArray())
        {
            if (Text(file, "name") is not { } name || Text(file, "text") is not { } text)
            {
                throw Wrong(path, number, "expected each file of the rules with its `name` and `text`");
            }

            files.Add(new RuleFile(name, text));
        }

        (PolicySource? rules, string summary, _) = PolicySource.Compile(files, policy, ReadUsageStale(path, number, source), out _);
        return rules ?? throw Wrong(path, number, $"the rules do not compile: {summary}");
    }

    private static long? ReadUsageStale(string path, int number, JsonElement rules) =>
        !Has(rules, "usageStaleMs", out JsonElement stale) ? null
        : stale.ValueKind == JsonValueKind.Number && stale.TryGetInt64(out long value) && value > 0 ? value
        : throw Wrong(path, number, "expected `usageStaleMs` of the rules in milliseconds");

    /// <summary>Null where there is none, or one that is no text (half of a surrogate pair).</summary>
    private static string? Text(JsonElement of, string name)
    {
        try
        {
            return Has(of, name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsEmpty(string path) =>
        (File.ResolveLinkTarget(Path.GetFullPath(path), returnFinalTarget: true) ?? new FileInfo(path)) is FileInfo { Exists: true, Length: 0 };

    private static JsonDocument? Parse(string path, int number, string text, out InvalidDataException? wrong)
    {
        wrong = null;
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            wrong = Wrong(path, number, e.Message);
            return null;
        }
    }

    private static T Value<T>(string path, int number, ReadResult<T> read) => read.Ok ? read.Value : throw Wrong(path, number, read.Error);

    private static InvalidDataException Wrong(string path, int number, string message) => new($"{path}:{number}: {Printable.Of(message, LongestMessage)}");
}

/// <param name="Differences">Decisions that came out otherwise, each in words; empty: the log tells the truth.</param>
/// <param name="End">The state after the last input.</param>
internal sealed record AuditReplayResult(int Inputs, IReadOnlyList<string> Differences, State? End);
