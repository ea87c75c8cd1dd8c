namespace Serverless.Host.Gateway.State;

/// <summary>The statements that are answered as somebody configured, found by their exact text.</summary>
public sealed class FixedAnswers
{
    /// <summary>Each statement of each client is compared with them.</summary>
    public const int Most = 100;

    private readonly Dictionary<int, FixedAnswer[]> _byLength;

    public FixedAnswers(IEnumerable<FixedAnswer> answers) => _byLength = answers.GroupBy(answer => answer.Text.Length).ToDictionary(same => same.Key, same => same.ToArray());

    public static FixedAnswers None { get; } = new([]);

    /// <summary>Null: none is configured for it.</summary>
    public FixedAnswer? Find(ReadOnlySpan<byte> statement)
    {
        if (_byLength.Count == 0) return null;
        statement = FixedAnswer.Trim(statement);
        if (!_byLength.TryGetValue(statement.Length, out var candidates)) return null;
        foreach (var candidate in candidates)
        {
            if (candidate.Text.Span.SequenceEqual(statement)) return candidate;
        }
        return null;
    }
}
