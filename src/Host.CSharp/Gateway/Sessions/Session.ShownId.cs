using System.Globalization;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// CONNECTION_ID() inside a statement that the server answers: it is computed from the session variable pseudo_thread_id, which is set to the id that the
/// client knows before the first statement that asks for it.
/// </summary>
internal sealed partial class Session
{
    /// <summary>Statements that compare the id with what the server itself keeps of its connections, or hand it to the server: they need its own id.</summary>
    private const StatementTraits NeedServersId = StatementTraits.ReadsUserLock | StatementTraits.NamesServerConnections | StatementTraits.KillsOtherwise;

    /// <summary>A statement of ours would change what these ask for; they get the id that is set already.</summary>
    private const StatementTraits AskForLastStatement = StatementTraits.ReadsDiagnostics | StatementTraits.ReadsRowCount | StatementTraits.ReadsFoundRows;

    /// <summary>
    /// MariaDB keeps temporary tables under the variable's value, and would lose sight of them; stored code may have made some. The variable may
    /// also have been set by the client itself.
    /// </summary>
    private const PinCauses KeepShownId = PinCauses.TemporaryTable | PinCauses.StoredCode | PinCauses.SessionVariable | PinCauses.NotUnderstood;

    /// <summary>What CONNECTION_ID() gives on the backend connection; 0: the account may not set it, and it stays the server's own.</summary>
    private uint _shownId;

    private StatementInfo AskingInfo => _frame.Code == Command.StmtPrepare ? _prepareInfo : _info;

    private bool AsksConnectionId => AskingInfo.Has(StatementTraits.ReadsConnectionId);

    /// <summary>False: the backend connection broke, and the client has been told.</summary>
    private async ValueTask<bool> ShowConnectionIdAsync()
    {
        var info = AskingInfo;
        var id = info.Has(NeedServersId) ? _backendId : ConnectionId;
        if (id == _shownId || _shownId == 0 || info.Has(AskForLastStatement) || _state.Dialect.ForeignGrammar || (_state.PinCauses & KeepShownId) != 0) return true;
        try
        {
            var result = (await Query(_backend!).QueryAsync([SetShownId(id)], SessionCapture.AnswerLimit, CancellationToken.None))[0];
            _shownId = result.Failed ? 0 : id;
            return true;
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            return await RefuseForLossAsync(failure);
        }
    }

    /// <summary>
    /// Plain accounts may not set the variable. MySQL forgets the error of a refusal with the next statement; MariaDB would show it to a client that asks for
    /// warnings, so there it is caught.
    /// </summary>
    private ReadOnlyMemory<byte> SetShownId(uint id)
    {
        var set = string.Create(CultureInfo.InvariantCulture, $"SET @@session.pseudo_thread_id={id}");
        return SqlText.Of(
            Catalogue.Family == ServerFamily.MariaDb ? $"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; {set}; END" : set);
    }
}
