using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>One prepared statement of a session, under the id that the client knows.</summary>
/// <param name="schema">The schema that was in use: names in the text were resolved in it.</param>
internal sealed class PreparedStatement(uint clientId, byte[] text, StatementInfo info, string? schema)
{
    public uint ClientId { get; } = clientId;

    /// <summary>Its text, to prepare it again on another backend connection. Empty when it was too long to keep; then the session is pinned.</summary>
    public byte[] Text { get; } = text;

    public StatementInfo Info { get; } = info;

    public string? Schema { get; } = schema;

    public ushort Parameters { get; set; }

    /// <summary>Its id on the backend connection of <see cref="Attachment"/>.</summary>
    public uint BackendId { get; set; }

    /// <summary>Which of the session's backend connections knows it for certain.</summary>
    public int Attachment { get; set; }

    /// <summary>Serial number of the backend connection that has it under <see cref="BackendId"/>, unless somebody has closed it meanwhile.</summary>
    public long Serial { get; set; }

    /// <summary>Types of the parameters as the client bound them last (two bytes each, and names when it uses query attributes); empty before.</summary>
    public byte[] Types { get; set; } = [];

    /// <summary>The types were too many to be kept.</summary>
    public bool TypesLost { get; set; }

    /// <summary>The backend knows the types: the client, or we, sent them on this connection.</summary>
    public bool TypesSent { get; set; }

    /// <summary>COM_STMT_SEND_LONG_DATA came and no execute yet: the server has data that cannot be read back.</summary>
    public bool HasLongData { get; set; }

    public bool HasCursor { get; set; }
}
