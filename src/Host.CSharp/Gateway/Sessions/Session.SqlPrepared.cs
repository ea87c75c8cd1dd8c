using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Statements prepared by SQL that could not be prepared again when the session got its backend connection: what they name was gone, and may be back.</summary>
internal sealed partial class Session
{
    /// <summary>Before an EXECUTE or a DEALLOCATE goes out. False: it cannot, and the client has been told.</summary>
    private async ValueTask<bool> PrepareMissingAsync()
    {
        if (_frame is not { Code: Command.Query, Whole: true } || SqlPrepareRules.Missing(_state, _info, StatementText) is not { } missing) return true;
        _worn = true;
        try
        {
            if (_info.Has(StatementTraits.SqlDeallocate))
            {
                await SqlPrepareRestore.PrepareToDeallocateAsync(missing, _state, Query(_backend!), CancellationToken.None);
                return true;
            }
            var error = await SqlPrepareRestore.PrepareMissingAsync(missing, _state, Catalogue, Query(_backend!), CancellationToken.None);
            if (!error.Failed) return true;
            // The server knows of an error as the last statement's, and of nothing before.
            _state.OnStatementEnded(default, new StatementOutcome { ErrorCode = error.ErrorCode });
            return await RefuseAsync(error.ToError());
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            return await RefuseForLossAsync(failure);
        }
    }
}
