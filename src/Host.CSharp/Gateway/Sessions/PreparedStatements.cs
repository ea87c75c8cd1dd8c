using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// The prepared statements of one session. The client sees ids of the gateway's own, which stay the same over any number of backend
/// connections.
/// </summary>
internal sealed class PreparedStatements
{
    /// <summary>Texts kept for one session, in bytes. What goes beyond it cannot be prepared again, and pins.</summary>
    public const int MostTextBytes = 1 << 20;

    /// <summary>Types of parameters kept for one session, in bytes. With query attributes their names are a client's to choose, and belong to them.</summary>
    public const int MostTypeBytes = 1 << 20;

    /// <summary>MariaDB: the statement that was prepared last.</summary>
    public const uint Last = uint.MaxValue;

    private readonly Dictionary<uint, PreparedStatement> _byId = [];
    private PreparedStatement? _last;
    private uint _nextId = 1;
    private long _textBytes;
    private long _typeBytes;

    public int Count => _byId.Count;

    /// <summary>Statements whose text, or types, were not kept.</summary>
    public int Unkept { get; private set; }

    /// <summary>Statements with long data or an open cursor on the backend.</summary>
    public int Busy { get; private set; }

    public IEnumerable<PreparedStatement> All => _byId.Values;

    public PreparedStatement Add(ReadOnlySpan<byte> text, bool whole, StatementInfo info, string? schema)
    {
        var keep = whole && _textBytes + text.Length <= MostTextBytes;
        while (_nextId is 0 or Last || _byId.ContainsKey(_nextId)) _nextId++;
        var statement = new PreparedStatement(_nextId++, keep ? text.ToArray() : [], info, schema);
        if (keep) _textBytes += text.Length;
        else Unkept++;
        _byId.Add(statement.ClientId, statement);
        _last = statement;
        return statement;
    }

    public PreparedStatement? Find(uint clientId) => clientId == Last ? _last : _byId.GetValueOrDefault(clientId);

    public void Remove(PreparedStatement statement)
    {
        if (!_byId.Remove(statement.ClientId)) return;
        MarkIdle(statement);
        if (statement.Text.Length == 0 || statement.TypesLost) Unkept--;
        _textBytes -= statement.Text.Length;
        _typeBytes -= statement.Types.Length;
        if (_last == statement) _last = null;
    }

    /// <summary>The client has bound parameters of these types.</summary>
    public void KeepTypes(PreparedStatement statement, ReadOnlySpan<byte> types)
    {
        // One that cannot be prepared again needs none.
        if (statement.Text.Length == 0) return;
        if (_typeBytes - statement.Types.Length + types.Length > MostTypeBytes)
        {
            LoseTypes(statement);
            return;
        }
        _typeBytes += types.Length - statement.Types.Length;
        statement.Types = types.ToArray();
        if (statement.TypesLost) Unkept--;
        statement.TypesLost = false;
    }

    /// <summary>The client has bound parameters of types that are not known here.</summary>
    public void LoseTypes(PreparedStatement statement)
    {
        if (statement.Text.Length == 0) return;
        _typeBytes -= statement.Types.Length;
        statement.Types = [];
        if (!statement.TypesLost) Unkept++;
        statement.TypesLost = true;
    }

    public void MarkLongData(PreparedStatement statement)
    {
        if (!statement.HasLongData && !statement.HasCursor) Busy++;
        statement.HasLongData = true;
    }

    public void MarkCursor(PreparedStatement statement)
    {
        if (!statement.HasLongData && !statement.HasCursor) Busy++;
        statement.HasCursor = true;
    }

    public void MarkIdle(PreparedStatement statement)
    {
        if (statement.HasLongData || statement.HasCursor) Busy--;
        statement.HasLongData = false;
        statement.HasCursor = false;
    }
}
