using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>COM_CHANGE_USER: the gateway authenticates, and what the session had is gone, its backend connection with it.</summary>
internal sealed partial class Session
{
    /// <summary>False: the session ends.</summary>
    private async ValueTask<bool> ChangeUserAsync()
    {
        if (!_frame.Whole) throw new MalformedPacketException($"A COM_CHANGE_USER of at most {CommandFrame.AlwaysWhole} bytes expected.");
        // While the client proves who it is nothing else may be done with this session: it stays busy.
        _client.Sequence = 0;
        if (!_client.TryReadPacket(_frame.Length, out var payload)) throw new MalformedPacketException("A whole COM_CHANGE_USER expected.");
        if (!await _identity.Authenticator.ChangeUserAsync(_identity, payload)) return false;
        var sequence = _client.Sequence;
        DropBackend();
        _pendingError = null;
        _prepared = null;
        _state.ResetByChangeUser(_identity.CollationId, _identity.Schema);
        UpdateStanding();
        _idleBackends = null;
        _shares = MayShare;
        _client.Sequence = sequence;
        return await BeginAsync();
    }
}
