namespace Serverless.Host.Gateway.Sessions;

/// <summary>Why <see cref="ResponseReader.Advance"/> came back.</summary>
internal enum ResponseEvent : byte
{
    /// <summary>What is there has been gone over; everything before the position may go to the client.</summary>
    NeedMore,

    /// <summary>The position is behind the last packet of the answer.</summary>
    Ended,

    /// <summary>At the position stands an OK packet with session state information; the caller moves the position over it.</summary>
    SessionTrack,

    /// <summary>At the position stands the OK packet of COM_STMT_PREPARE; the caller moves the position over it.</summary>
    Prepared,

    /// <summary>The position is behind a LOCAL INFILE request: the client's packets go to the server now.</summary>
    LocalInfile,
}
