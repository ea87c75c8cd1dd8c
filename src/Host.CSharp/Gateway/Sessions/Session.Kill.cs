using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// KILL by the id that the gateway gave to a connection, and by the name of a user. Who may kill whom is the server's to say; it is asked with the victim's own
/// connection, or, where it has none and is another account's, with one that is made for this.
/// </summary>
internal sealed partial class Session
{
    /// <param name="BackendId">Its connection, which from now on no other session is given; 0: it has none.</param>
    /// <param name="Wait">The wait of its that may be ended; 0: it waits for nothing.</param>
    private readonly record struct KillVictim(Session Session, uint BackendId, int Wait);

    private bool KillsWholeConnection => _frame.Code == Command.ProcessKill || _info.Has(StatementTraits.KillsConnection);

    private KillUserStatement? ReadKillUser(ReadOnlySpan<byte> text) =>
        Catalogue.Family == ServerFamily.MariaDb ? KillUserStatement.Read(text, _info, _state.Dialect) : null;

    private ValueTask<bool> KillAsync() =>
        _frame.Code == Command.Query && _info.Has(StatementTraits.KillsOtherwise) ? KillUserAsync(ReadKillUser(StatementText)!) : KillIdAsync();

    /// <summary>An id that is none of ours is passed on as it is.</summary>
    private async ValueTask<bool> KillIdAsync()
    {
        var id = _frame.Code == Command.ProcessKill
            ? (_frame.Length >= 5 ? BinaryPrimitives.ReadUInt32LittleEndian(Payload[1..]) : 0)
            : _info.KillTarget;
        var found = id <= uint.MaxValue ? Database.FindSession((uint)id) : null;
        if (found is { BackendConnectionId: 0 } && IsOwn(found)) return await KillWithoutServerAsync(found);
        if (!IsReady && !await GetReadyAsync()) return !_ending;
        if (found is null) return await KillOnServerAsync(KillText(id), [], standIn: null);
        // While this session waited it may have given its connection back.
        var victim = Aim(found);
        if (victim.BackendId != 0) return await KillOnServerAsync(KillText(victim.BackendId), [victim], standIn: null);
        if (IsOwn(found)) return await KillWithoutServerAsync(found);
        var (standIn, why) = await StandInAsync(found);
        if (standIn is not null) return await KillOnServerAsync(KillText(standIn.ConnectionId), [victim], standIn);
        AnswerError(ErrorCode.KillDenied, $"You are not owner of thread {id}, and whether you may end it could not be asked: {why}; try again");
        await _client.FlushAsync();
        return true;
    }

    /// <summary>
    /// The server knows those that have a connection; the others are ended with them. To who may not it says OK and kills nobody, so it is asked first whether
    /// it would kill one of another account.
    /// </summary>
    private async ValueTask<bool> KillUserAsync(KillUserStatement statement)
    {
        if (!IsReady && !await GetReadyAsync()) return !_ending;
        var (user, host) = statement.User is { } named ? (named, statement.Host) : (_identity.User, _identity.Account.Host);
        KillVictim[] victims = [.. Database.AllSessions.Where(one => one.IsOf(user, host)).Select(Aim)];
        if (victims.FirstOrDefault(one => !IsOwn(one.Session)).Session is not { } stranger) return await KillOnServerAsync([.. StatementText], victims, standIn: null);
        var (standIn, why) = await StandInAsync(stranger);
        if (standIn is null)
        {
            Spare(victims);
            AnswerError(ErrorCode.KillDenied, $"Whether you may end the connections of '{user}' could not be asked: {why}; try again");
            await _client.FlushAsync();
            return true;
        }
        try
        {
            var allowed = await AskAsync(Encoding.UTF8.GetBytes($"KILL {standIn.ConnectionId}"));
            if (allowed.Failed) victims = SpareStrangers(victims);
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            Spare(victims);
            return await RefuseForLossAsync(failure);
        }
        finally
        {
            standIn.Channel.Loop.Post(standIn.Channel.Dispose);
        }
        return await KillOnServerAsync([.. StatementText], victims, standIn: null);
    }

    private KillVictim[] SpareStrangers(KillVictim[] victims)
    {
        Spare(victims.Where(one => !IsOwn(one.Session)));
        return [.. victims.Where(one => IsOwn(one.Session))];
    }

    private async ValueTask<BackendResult> AskAsync(byte[] text) =>
        (await Query(_backend!).QueryAsync([text], SessionCapture.AnswerLimit, CancellationToken.None))[0];

    private bool IsOwn(Session other) => other._identity.Account == _identity.Account;

    private bool IsOf(string user, string host) =>
        _identity.User == user
        && (host == "%" || host.Equals(ClientHost.Of(_identity.EndPoint?.Address, _identity.Authenticator.EngineResolvesNames).Display, StringComparison.OrdinalIgnoreCase));

    private async ValueTask<bool> KillOnServerAsync(byte[] text, KillVictim[] victims, BackendConnection? standIn)
    {
        var wholeConnection = KillsWholeConnection;
        Begin();
        BackendResult result;
        try
        {
            result = await AskAsync(text);
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            Spare(victims);
            await RelayPacketsAsync(backend: null, untilEmpty: false);
            return await OnLostWhileRunningAsync(failure);
        }
        finally
        {
            standIn?.Channel.Loop.Post(standIn.Channel.Dispose);
        }
        // Its answer has been read, and not by the reader.
        _reader.Begin(ResponseShape.None, Capabilities);
        _counted = false;
        var now = Database.Time.GetTimestamp();
        Volatile.Write(ref _idleSince, now);
        _shard.Counters.StatementEnded(_started, now, counts: true);
        if (result.Failed) AnswerError(AsTheClientKnowsIt(result, victims, standIn));
        else AnswerOk(_info.Has(StatementTraits.KillsOtherwise) ? result.AffectedRows + (ulong)victims.Count(one => one.BackendId == 0) : 0);
        await _client.FlushAsync();
        if (result.Failed) Spare(victims);
        else End(victims, wholeConnection);
        return true;
    }

    /// <summary>The error, with the id that the client gave.</summary>
    private static ErrPacket AsTheClientKnowsIt(BackendResult result, KillVictim[] victims, BackendConnection? standIn)
    {
        var error = result.ToError();
        if (victims is not [var victim]) return error;
        var sent = (standIn?.ConnectionId ?? victim.BackendId).ToString(CultureInfo.InvariantCulture);
        return error with { Message = error.Message.Replace(sent, victim.Session.ConnectionId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) };
    }

    private void Spare(IEnumerable<KillVictim> victims)
    {
        foreach (var victim in victims) Database.KillsAimedAt.TryUpdate(victim.BackendId, KillAim.Statement, KillAim.Connection);
    }

    private void End(KillVictim[] victims, bool wholeConnection)
    {
        foreach (var victim in victims)
        {
            if (wholeConnection) Database.KillsAimedAt.TryUpdate(victim.BackendId, KillAim.Killed, KillAim.Connection);
            if (wholeConnection && victim.Session != this) victim.Session.PostSignal(SessionSignals.Killed);
            else if (!wholeConnection && victim is { BackendId: 0, Wait: not 0 }) victim.Session.PostQueryKilled(victim.Wait);
        }
    }

    /// <summary>
    /// From now on the session's backend connection is given to no other, so that the KILL cannot hit one. First the aim is told, then it is looked whether the
    /// session still has the connection; who gives one away does it the other way round.
    /// </summary>
    private KillVictim Aim(Session at)
    {
        var wait = at.CurrentWait;
        var id = at.BackendConnectionId;
        if (id == 0) return new KillVictim(at, 0, wait);
        var aim = KillsWholeConnection ? KillAim.Connection : KillAim.Statement;
        Database.KillsAimedAt.AddOrUpdate(id, aim, (_, before) => before > aim ? before : aim);
        Interlocked.MemoryBarrier();
        if (at.BackendConnectionId == id) return new KillVictim(at, id, wait);
        Database.KillsAimedAt.TryRemove(id, out _);
        return new KillVictim(at, 0, wait);
    }

    private byte[] KillText(ulong target)
    {
        if (_frame.Code == Command.ProcessKill) return Encoding.UTF8.GetBytes($"KILL {target}");
        var text = StatementText;
        return [.. text[.._info.KillTargetOffset], .. Encoding.ASCII.GetBytes(target.ToString(CultureInfo.InvariantCulture)), .. text[(_info.KillTargetOffset + _info.KillTargetLength)..]];
    }

    /// <summary>The session has no connection, and is of the account that asks: any server would let it.</summary>
    private async ValueTask<bool> KillWithoutServerAsync(Session own)
    {
        var victim = new KillVictim(own, 0, own.CurrentWait);
        var wholeConnection = KillsWholeConnection;
        AnswerOk();
        await _client.FlushAsync();
        End([victim], wholeConnection);
        return true;
    }

    /// <summary>A connection that the victim's account is logged in on for this KILL, beside those that sessions may have; or why there is none.</summary>
    private async ValueTask<(BackendConnection? Connection, string Why)> StandInAsync(Session victim)
    {
        if (Database.Gate is not { IsOpen: true, Backend: { } address }) return (null, "the compute went away");
        using var limit = new CancellationTokenSource(LongestFirstAttach);
        _attaching = limit;
        try
        {
            return (await victim._shard.Loop.RunAsync(() => BackendLogin.ConnectAsync(address, victim._identity, schema: null, victim._state.Collation, victim.BackendCapabilities, limit.Token)), "");
        }
        catch (Exception failure) when (failure is BackendLoginException or IOException or MalformedPacketException)
        {
            return (null, failure.Message);
        }
        catch (ObjectDisposedException)
        {
            return (null, "it is ending");
        }
        catch (OperationCanceledException)
        {
            return (null, $"the server did not answer within {LongestFirstAttach.TotalSeconds:0} s");
        }
        finally
        {
            _attaching = null;
        }
    }
}
