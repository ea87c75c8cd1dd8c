using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// All that <see cref="SessionRestore"/> makes of a session, LAST_INSERT_ID() excepted, as one value: two sessions of one login whose signatures are equal
/// can take each other's backend connection as it is. It is the text of what a restore would send.
/// </summary>
internal sealed class SettingsSignature : IEquatable<SettingsSignature>
{
    private readonly byte[] _text;
    private readonly int _hash;

    private SettingsSignature(byte[] text)
    {
        _text = text;
        var hash = new HashCode();
        hash.AddBytes(text);
        _hash = hash.ToHashCode();
    }

    public static SettingsSignature Empty { get; } = new([]);

    public static SettingsSignature Of(SessionState state, ServerCatalogue catalogue)
    {
        var text = new SqlText();
        foreach (var statement in SessionRestore.Settings(state, catalogue)) text.Add(statement.Span).Add("\0");
        if (state.SqlPrepared is { } prepared)
        {
            foreach (var one in prepared.All) text.Add(one.Prepare).Add("\0").Add(Encoding.UTF8.GetBytes(one.Schema ?? "")).Add("\0");
        }
        var bytes = text.Bytes.ToArray();
        return bytes.Length == 0 ? Empty : new SettingsSignature(bytes);
    }

    public bool Equals(SettingsSignature? other) =>
        ReferenceEquals(this, other) || (other is not null && _hash == other._hash && _text.AsSpan().SequenceEqual(other._text));

    public override bool Equals(object? obj) => Equals(obj as SettingsSignature);

    public override int GetHashCode() => _hash;
}
