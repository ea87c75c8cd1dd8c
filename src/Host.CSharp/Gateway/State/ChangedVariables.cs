using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>
/// Session variables that were reported as changed, or set by a local answer. While attached only the names count: what a tracker reports can be
/// outdated (SET STATEMENT, SET timestamp=DEFAULT), so the values are read back before detaching.
/// </summary>
internal sealed class ChangedVariables
{
    private readonly SortedDictionary<string, SessionValue> _values = new(StringComparer.Ordinal);

    public int Count => _values.Count;

    public IEnumerable<KeyValuePair<string, SessionValue>> Values => _values;

    public IReadOnlyCollection<string> Names => _values.Keys;

    /// <summary>A tracker reported it. Names come from the server, so there are no more of them than it has variables.</summary>
    public void Report(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
        _values[Encoding.ASCII.GetString(name)] = new SessionValue(value.ToArray(), Numeric: false);

    /// <summary>It may have changed; its value is to be read.</summary>
    public void Note(string name) => _values.TryAdd(name, SessionValue.Null);

    public void Set(string name, SessionValue value) => _values[name] = value;

    public void Forget(string name) => _values.Remove(name);

    public bool TryGet(string name, out SessionValue value) => _values.TryGetValue(name, out value);
}
