namespace Serverless.Host.Mysql;

/// <summary>Kinds of session state changes; an unknown one is to be skipped. Source: MySQL Source Code Documentation, "enum_session_state_type".</summary>
public enum SessionTrackKind : byte
{
    /// <summary>Name and value of a system variable.</summary>
    SystemVariable = 0,
    /// <summary>Value is the new default schema.</summary>
    Schema = 1,
    /// <summary>Value is "1": something of the session's state changed.</summary>
    StateChange = 2,
    Gtids = 3,
    /// <summary>Value is the SQL that begins an equal transaction.</summary>
    TransactionCharacteristics = 4,
    /// <summary>Value is eight characters, `_` or a letter each: transaction kind, reads, writes, unsafe statements, result sets, locked tables.</summary>
    TransactionState = 5,
}

/// <summary>Goes through the session state of an OK packet, one change (of a system variable: one variable) at a time.</summary>
public ref struct SessionTrackReader(ReadOnlySpan<byte> state)
{
    private PacketReader _outer = new(state, "session state");
    private PacketReader _variables;

    public SessionTrackKind Kind { get; private set; }

    /// <summary>Name of the variable; empty for the other kinds.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <exception cref="MalformedPacketException">The state ends in the middle of a change.</exception>
    public bool Next()
    {
        // Several variables can share one entry.
        if (_variables.Remaining > 0) return ReadVariable();
        while (!_outer.AtEnd)
        {
            Kind = (SessionTrackKind)_outer.UInt8();
            var data = _outer.LengthEncodedBytes();
            Name = Value = [];
            switch (Kind)
            {
                case SessionTrackKind.SystemVariable:
                    _variables = new PacketReader(data, "session state");
                    if (_variables.AtEnd) continue;
                    return ReadVariable();
                case SessionTrackKind.Gtids:
                    var gtids = new PacketReader(data, "session state");
                    gtids.Skip(1); // encoding, always 0
                    Value = gtids.LengthEncodedBytes();
                    return true;
                case SessionTrackKind.StateChange when data.Length == 1:
                    // MariaDB leaves out the length inside.
                    Value = data;
                    return true;
                case SessionTrackKind.Schema or SessionTrackKind.StateChange or SessionTrackKind.TransactionCharacteristics or SessionTrackKind.TransactionState:
                    Value = new PacketReader(data, "session state").LengthEncodedBytes();
                    return true;
                default:
                    Value = data;
                    return true;
            }
        }
        return false;
    }

    private bool ReadVariable()
    {
        Name = _variables.LengthEncodedBytes();
        Value = _variables.LengthEncodedBytes();
        return true;
    }
}
