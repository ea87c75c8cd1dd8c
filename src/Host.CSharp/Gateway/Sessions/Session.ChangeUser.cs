using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>COM_CHANGE_USER: the gateway authenticates, and what the session had is gone, its backend connection with it.</summary>
internal sealed partial class Session
{
    /// <summary>MariaDB lets a connection try so often; see MDEV-3915.</summary>
    private const int MostFailedChanges = 3;

    private byte _failedChanges;

    /// <summary>False: the session ends.</summary>
    private async ValueTask<bool> ChangeUserAsync()
    {
        if (_failedChanges == MostFailedChanges)
        {
            AnswerError(ErrorCode.UnknownCommand, "Unknown command");
            await _client.FlushAsync();
            return true;
        }
        if (!_frame.Whole) throw new MalformedPacketException($"A COM_CHANGE_USER of at most {CommandFrame.AlwaysWhole} bytes expected.");
        // While the client proves who it is nothing else may be done with this session: it stays busy.
        _client.Sequence = 0;
        if (!_client.TryReadPacket(_frame.Length, out var payload)) throw new MalformedPacketException("A whole COM_CHANGE_USER expected.");
        if (!await _identity.Authenticator.ChangeUserAsync(_identity, payload)) return StayAfterFailedChange();
        var sequence = _client.Sequence;
        BeginAnew(_identity.Schema, succeeded: true);
        _idleBackends = null;
        _shares = MayShare;
        _client.Sequence = sequence;
        return await BeginAsync();
    }

    /// <summary>MySQL ends the connection. MariaDB leaves it to the account and schema that it had, and what else the session had is gone.</summary>
    private bool StayAfterFailedChange()
    {
        if (Catalogue.Family == ServerFamily.MySql) return false;
        _failedChanges++;
        BeginAnew(_state.Schema, succeeded: false);
        return true;
    }

    private void BeginAnew(string? schema, bool succeeded)
    {
        DropBackend();
        _pendingError = null;
        _prepared = null;
        _state.ResetByChangeUser(_identity.CollationId, schema, succeeded);
        UpdateStanding();
    }
}
