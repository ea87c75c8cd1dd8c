namespace Serverless.Host.Gateway.Sessions;

/// <summary>What form the server's answer to a command takes, so that its end can be found.</summary>
internal enum ResponseShape : byte
{
    /// <summary>The server answers nothing (COM_STMT_CLOSE, COM_STMT_SEND_LONG_DATA, COM_QUIT).</summary>
    None,

    /// <summary>One OK, EOF or error packet.</summary>
    Single,

    /// <summary>Any number of OK packets and result sets, each but the last with SERVER_MORE_RESULTS_EXISTS.</summary>
    Results,

    /// <summary>The same to an execute that asked for a cursor: where the status says that there is one, rows do not follow, they come by COM_STMT_FETCH.</summary>
    Cursor,

    /// <summary>Packets up to an EOF or error packet (COM_STMT_FETCH, COM_FIELD_LIST, COM_BINLOG_DUMP).</summary>
    Rows,

    /// <summary>The answer to COM_STMT_PREPARE.</summary>
    Prepare,

    /// <summary>One packet of text (COM_STATISTICS), or an error packet.</summary>
    Text,
}
