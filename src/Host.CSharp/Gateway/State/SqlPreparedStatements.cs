namespace Serverless.Host.Gateway.State;

/// <summary>
/// The statements of a session that were prepared by SQL and can be prepared again on another backend connection. The others are among
/// <see cref="HeldNames"/> and pin.
/// </summary>
internal sealed class SqlPreparedStatements
{
    /// <summary>What is kept for one session, in bytes. A PREPARE beyond it pins.</summary>
    public const int MostBytes = 256 << 10;

    private const int MostNames = 1000;

    private readonly Dictionary<string, SqlPrepared> _byName = new(StringComparer.Ordinal);
    private SqlPrepared? _preparing;
    private string? _goes;
    private int _bytes;
    private int _withSchema;
    private int _context;
    private bool _mixedContexts;
    private Count _counting;

    private enum Count : byte
    {
        Nothing,
        Prepare,
        Deallocate,
    }

    public IReadOnlyCollection<SqlPrepared> All => _byName.Values;

    /// <summary>How many PREPAREs this backend connection has run for the session; negative: not known.</summary>
    public int Prepares { get; private set; }

    /// <summary>How many DEALLOCATEs this backend connection has run for the session; negative: not known.</summary>
    public int Deallocates { get; private set; }

    public SqlPrepared? Find(string name) => _byName.GetValueOrDefault(name);

    public bool HasRoomFor(SqlPrepared statement) =>
        _bytes + statement.Bytes - (Find(statement.Name)?.Bytes ?? 0) <= MostBytes && (_byName.Count < MostNames || _byName.ContainsKey(statement.Name));

    /// <summary>
    /// They cannot be prepared again as they were: the settings that decide how their text is read have changed since, or they were prepared in a schema
    /// and the session, which has none, could not leave it again, or the other way round.
    /// </summary>
    public bool AreBound(int context, string? schema) =>
        _byName.Count > 0 && (_mixedContexts || _context != context || (schema is null ? _withSchema > 0 : _withSchema < _byName.Count));

    /// <summary>A PREPARE is about to run. One that cannot be made again has its name only.</summary>
    public void BeginPrepare(string? name, SqlPrepared? statement)
    {
        (_preparing, _goes) = (statement, name);
        _counting = Count.Prepare;
    }

    public void BeginDeallocate(string? name)
    {
        (_preparing, _goes) = (null, name);
        _counting = Count.Deallocate;
    }

    /// <summary>The command ended. A PREPARE has ended the statement of its name also when it failed. Gives the name that stands for another thing now.</summary>
    public string? End(bool ran, int context)
    {
        var (statement, name, counting) = (_preparing, _goes, _counting);
        Forget();
        if (counting == Count.Nothing) return null;
        var prepared = counting == Count.Prepare;
        if (name is not null && (ran || prepared)) Remove(name);
        // The server counts those too that failed, but not what it could not parse.
        if (prepared) Prepares = (ran || statement is not null) && Prepares >= 0 ? Prepares + 1 : -1;
        else Deallocates = ran && Deallocates >= 0 ? Deallocates + 1 : -1;
        if (statement is null) return null;
        if (ran) Add(statement, context);
        return name;
    }

    /// <summary>Nothing is under way.</summary>
    public void Forget() => (_preparing, _goes, _counting) = (null, null, Count.Nothing);

    /// <summary>Statements of a batch are not counted.</summary>
    public void LoseCounts() => (Prepares, Deallocates) = (-1, -1);

    /// <summary>One more was run on this backend connection beside the client's own.</summary>
    public void CountPrepare()
    {
        if (Prepares >= 0) Prepares++;
    }

    /// <summary>On a new backend connection this many were prepared again.</summary>
    public void Restart(int prepares, int deallocates) => (Prepares, Deallocates) = (prepares, deallocates);

    public void Remove(string name)
    {
        if (!_byName.Remove(name, out var gone)) return;
        _bytes -= gone.Bytes;
        if (gone.Schema is not null) _withSchema--;
        if (_byName.Count == 0) _mixedContexts = false;
    }

    private void Add(SqlPrepared statement, int context)
    {
        if (_byName.Count == 0) _context = context;
        else if (_context != context) _mixedContexts = true;
        _byName.Add(statement.Name, statement);
        _bytes += statement.Bytes;
        if (statement.Schema is not null) _withSchema++;
    }
}
