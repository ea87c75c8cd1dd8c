using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>The debug switch that makes a session leave its backend connection after each statement, so that whatever it does next tests its restoring.</summary>
internal sealed partial class Session
{
    private async ValueTask DetachAfterStatementAsync()
    {
        if (_backend is not { } backend) return;
        var isStatement = _frame.Code is Command.Query or Command.StmtExecute or Command.StmtBulkExecute;
        var kept = _state.Pin;
        if (kept is null || SessionProbe.IsWanted(_state)) kept = await DetachAsync(backend);
        if (isStatement && kept is not { Cause: PinCauses.OpenTransaction }) _shard.ForcedDetaches.Count(kept);
    }
}
