using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Session variables that were reported as changed, or set by a local answer. While attached only the names count: what a tracker reports can be
/// outdated (SET STATEMENT, SET timestamp=DEFAULT), so the values are read back before detaching.
/// </summary>
internal sealed class ChangedVariables
{
    private readonly SortedDictionary<string, SessionValue> _values = new(StringComparer.Ordinal);

    /// <summary>It decides how the server reads the text of a statement.</summary>
    public static bool DecidesReading(string name) => name is "sql_mode" or "character_set_client" or "character_set_connection" or "collation_connection";

    public int Count => _values.Count;

    /// <summary>Goes up whenever a variable may have changed that decides how the text of a statement is read.</summary>
    public int TextContext { get; private set; }

    public IEnumerable<KeyValuePair<string, SessionValue>> Values => _values;

    public IReadOnlyCollection<string> Names => _values.Keys;

    /// <summary>A tracker reported it. Names come from the server, so there are no more of them than it has variables.</summary>
    public void Report(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        Set(Encoding.ASCII.GetString(name), new SessionValue(value.ToArray(), Numeric: false));

    /// <summary>It may have changed; its value is to be read.</summary>
    public void Note(string name)
    {
        if (DecidesReading(name)) TextContext++;
        _values.TryAdd(name, SessionValue.Null);
    }

    public void Set(string name, SessionValue value)
    {
        if (DecidesReading(name) && !(TryGet(name, out var before) && before.Text.AsSpan().SequenceEqual(value.Text))) TextContext++;
        _values[name] = value;
    }

    /// <summary>Values were read back under other names; they are what they were.</summary>
    public void KeepTextContext(int context) => TextContext = context;

    public void Forget(string name) => _values.Remove(name);

    public bool TryGet(string name, out SessionValue value) => _values.TryGetValue(name, out value);
}
