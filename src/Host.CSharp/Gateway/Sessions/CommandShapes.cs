using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>How the server answers each command. Source: MySQL Source Code Documentation, "Command Phase".</summary>
internal static class CommandShapes
{
    public static ResponseShape ShapeOf(Command command) => command switch
    {
        Command.Query or Command.StmtExecute or Command.StmtBulkExecute or Command.ProcessInfo => ResponseShape.Results,
        Command.FieldList or Command.StmtFetch or Command.BinlogDump or Command.BinlogDumpGtid or Command.TableDump => ResponseShape.Rows,
        Command.StmtPrepare => ResponseShape.Prepare,
        Command.Statistics => ResponseShape.Text,
        Command.StmtClose or Command.StmtSendLongData or Command.Quit => ResponseShape.None,
        // What the server does not know it answers with one error packet.
        _ => ResponseShape.Single,
    };
}
