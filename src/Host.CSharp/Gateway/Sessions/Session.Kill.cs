using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Sharing;
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
    /// <summary>The server's answer to a KILL is waited for so often.</summary>
    private const int KillPatience = 20;

    private static readonly TimeSpan s_killPause = TimeSpan.FromMilliseconds(50);

    /// <param name="Backend">Its connection, which from now on no other session is given; null: it has none.</param>
    /// <param name="Wait">The wait of its that may be ended; 0: it waits for nothing.</param>
    /// <param name="Account">It may be another's by the time it is ended.</param>
    private readonly record struct KillVictim(Session Session, LentBackend? Backend, int Wait, Account Account, string User)
    {
        /// <summary>The server's number of it, 0 for none.</summary>
        public uint BackendId => Backend?.ConnectionId ?? 0;
    }

    /// <summary>What the server said of the right to kill.</summary>
    private readonly record struct KillRight(bool Granted, string? NotAsked)
    {
        public static KillRight Yes { get; } = new(Granted: true, NotAsked: null);
    }

    private bool KillsWholeConnection => _frame.Code == Command.ProcessKill || _info.Has(StatementTraits.KillsConnection);

    /// <summary>The KILL that is carried out as a statement: the text of a query, or what was prepared.</summary>
    private ReadOnlySpan<byte> KillStatement => _statement is { } prepared ? prepared.Text : StatementText;

    private bool KillsByUser => _frame.Code != Command.ProcessKill && _info.Has(StatementTraits.KillsOtherwise);

    /// <summary>
    /// The statement is a KILL that names a gateway's id, or a user. One among several statements goes to the server as it is, since the others want their answers
    /// too; it knows none of our ids.
    /// </summary>
    private bool IsKill(ReadOnlySpan<byte> text) =>
        _info.Has(StatementTraits.KillsQuery | StatementTraits.KillsConnection) && !_info.Has(StatementTraits.MultiStatement)
        && (!_info.Has(StatementTraits.KillsOtherwise) || ReadKillUser(text) is not null);

    private KillUserStatement? ReadKillUser(ReadOnlySpan<byte> text) =>
        Catalogue.Family == ServerFamily.MariaDb ? KillUserStatement.Read(text, _info, _state.Dialect) : null;

    private async ValueTask<bool> KillAsync()
    {
        var byUser = KillsByUser ? ReadKillUser(KillStatement) : null;
        var id = byUser is not null ? 0
            : _frame.Code == Command.ProcessKill ? (_frame.Length >= 5 ? BinaryPrimitives.ReadUInt32LittleEndian(Payload[1..]) : 0)
            : _info.KillTarget;
        var found = byUser is null && id <= uint.MaxValue ? Database.FindSession((uint)id) : null;
        if (found is { BackendConnectionId: 0 } && IsOwn(found)) return await KillWithoutServerAsync(Aim(found));
        if (found is not null && _backend is null && _shard.MustWait)
        {
            if (await TryKillBesideTheLineAsync(found) is { } done) return done;
            if (found.BackendConnectionId == 0 && IsOwn(found)) return await KillWithoutServerAsync(Aim(found));
        }
        if (!IsReady && !await GetReadyAsync()) return !_ending;
        Begin();
        try
        {
            if (byUser is not null) return await KillUserAsync(byUser);
            // An id that is none of ours is passed on as it is.
            if (found is null) return await KillOnServerAsync(KillText(id), []);
            // While this session waited it may have given its connection back.
            var victim = Aim(found);
            if (victim.BackendId != 0) return await KillOnServerAsync(KillText(victim.BackendId), [victim]);
            return IsOwn(found) ? await KillWithoutServerAsync(victim) : await KillStrangerAsync(victim);
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException && (_signals & SessionSignals.ClientGone) == 0)
        {
            await RelayPacketsAsync(backend: null, untilEmpty: false);
            return await OnLostWhileRunningAsync(failure);
        }
    }

    /// <summary>It is another account's, and had no connection when it was looked at.</summary>
    private async ValueTask<bool> KillStrangerAsync(KillVictim victim)
    {
        var right = await AskByStandInAsync(victim);
        if (!right.Granted)
        {
            var denied = $"You are not owner of thread {victim.Session.ConnectionId}";
            return await AnswerKillAsync(new ErrPacket(ErrorCode.KillDenied, right.NotAsked is { } why ? $"{denied}, and whether you may end it could not be asked: {why}; try again" : denied));
        }
        // It may have got a connection, and begun on it, while the server was asked.
        var now = Aim(victim.Session) with { Wait = victim.Wait, Account = victim.Account, User = victim.User };
        return now.BackendId != 0 ? await KillOnServerAsync(KillText(now.BackendId), [now]) : await KillWithoutServerAsync(now);
    }

    /// <summary>
    /// The server knows those that have a connection; the others are ended with them. To who may not it says OK and kills nobody, so it is asked first whether
    /// it would kill one of another account.
    /// </summary>
    private async ValueTask<bool> KillUserAsync(KillUserStatement statement)
    {
        var (user, host) = statement.User is { } named ? (named, statement.Host) : (_identity.User, _identity.Account.Host);
        KillVictim[] victims = [.. Database.AllSessions.Where(one => one.IsOf(user, host)).Select(one => Aim(one))];
        KillVictim[] strangers = [.. victims.Where(one => !IsOwn(one.Session))];
        if (strangers.Length > 0)
        {
            var right = Array.Find(strangers, one => one.BackendId != 0) is { BackendId: > 0 } attached
                ? RightBy(await AskAsync(KillsWholeConnection ? $"KILL {attached.BackendId}" : $"KILL QUERY {attached.BackendId}"))
                : await AskByStandInAsync(strangers[0]);
            if (!right.Granted)
            {
                Spare(strangers);
                victims = [.. victims.Except(strangers)];
            }
        }
        return await KillOnServerAsync([.. KillStatement], victims);
    }

    private bool IsOwn(Session other) => other._identity.Account == _identity.Account && other._identity.User == _identity.User;

    private bool IsOf(string user, string host) =>
        _identity.User == user
        && (host == "%" || host.Equals(ClientHost.Of(_identity.EndPoint?.Address, _identity.Authenticator.EngineResolvesNames).Display, StringComparison.OrdinalIgnoreCase));

    private async ValueTask<bool> KillOnServerAsync(byte[] text, KillVictim[] victims)
    {
        BackendResult result;
        try
        {
            result = await AskAsync(text);
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            Spare(victims);
            throw;
        }
        return await ConcludeKillAsync(result, victims);
    }

    /// <summary>The server has answered.</summary>
    private async ValueTask<bool> ConcludeKillAsync(BackendResult result, KillVictim[] victims)
    {
        if (result.Failed)
        {
            Spare(victims);
            return await AnswerKillAsync(AsTheClientKnowsIt(result, victims));
        }
        End(victims);
        var attached = (ulong)victims.Count(one => one.BackendId != 0);
        return await AnswerKillAsync(error: null, KillsByUser ? Math.Max(result.AffectedRows, attached) + (ulong)victims.Length - attached : 0);
    }

    /// <summary>Nobody has to be asked: the session has no connection, and is the own account's, or the server has said that it may be ended.</summary>
    private ValueTask<bool> KillWithoutServerAsync(KillVictim victim)
    {
        End([victim]);
        return AnswerKillAsync(error: null);
    }

    /// <summary>Always true: the session goes on.</summary>
    private async ValueTask<bool> AnswerKillAsync(ErrPacket? error, ulong affectedRows = 0)
    {
        // What the server answered has been read, and not by the reader.
        _reader.Begin(ResponseShape.None, Capabilities);
        if (_counted)
        {
            _counted = false;
            var now = Database.Time.GetTimestamp();
            Volatile.Write(ref _idleSince, now);
            _shard.Counters.StatementEnded(_started, now, counts: true);
        }
        if (error is not null) AnswerError(error);
        else AnswerOk(affectedRows);
        await _client.FlushAsync();
        return true;
    }

    /// <summary>The error, with the id that the client gave.</summary>
    private static ErrPacket AsTheClientKnowsIt(BackendResult result, KillVictim[] victims)
    {
        var error = result.ToError();
        if (victims is not [var victim]) return error;
        var sent = victim.BackendId.ToString(CultureInfo.InvariantCulture);
        return error with { Message = error.Message.Replace(sent, victim.Session.ConnectionId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) };
    }

    private static void Spare(KillVictim[] victims)
    {
        foreach (var victim in victims)
        {
            victim.Backend?.ChangeAim(KillAim.Connection, KillAim.Statement);
            victim.Session.PostSpared();
        }
    }

    private void End(KillVictim[] victims)
    {
        var wholeConnection = KillsWholeConnection;
        var byUser = KillsByUser;
        foreach (var victim in victims)
        {
            if (wholeConnection) victim.Backend?.ChangeAim(KillAim.Connection, KillAim.Killed);
            if (wholeConnection && (victim.Session != this || byUser)) victim.Session.PostKilled(victim.Account, victim.User);
            else if (!wholeConnection && victim is { BackendId: 0, Wait: not 0 }) victim.Session.PostQueryKilled(victim.Wait);
        }
    }

    /// <summary>Whoever it is by then: who changed to another account was not meant.</summary>
    private void PostKilled(Account account, string user) => _shard.Loop.Post(() =>
    {
        if (_identity.Account == account && _identity.User == user) Signal(SessionSignals.Killed);
    });

    /// <summary>Its connection broke of something else than the KILL that was aimed at it.</summary>
    private void PostSpared() => _shard.Loop.Post(() => _isBeingKilled = false);

    /// <summary>The connection broke while somebody's KILL was on its way to it: that comes as a signal, or was none of it.</summary>
    private async ValueTask HearOfTheKillAsync()
    {
        for (var tries = 0; tries < KillPatience && _isBeingKilled && _signals == SessionSignals.None; tries++) await _shard.Loop.DelayAsync(s_killPause);
        _isBeingKilled = false;
    }

    /// <summary>
    /// From now on the session's backend connection is given to no other, so that the KILL cannot hit one. First the aim is told, then it is looked whether the
    /// session still has the connection; who gives one away does it the other way round. One to another compute than the one that will be told (whose session has not left it
    /// yet) is none: there its number is somebody else's.
    /// </summary>
    private KillVictim Aim(Session at, long opening)
    {
        var victim = new KillVictim(at, Backend: null, at.CurrentWait, at._identity.Account, at._identity.User);
        if (Volatile.Read(ref at._lent) is not { } lent || lent.Opening != opening) return victim;
        var aim = KillsWholeConnection ? KillAim.Connection : KillAim.Statement;
        var before = lent.AimAt(aim);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref at._lent) == lent) return victim with { Backend = lent };
        if (before < aim) lent.ChangeAim(aim, before);
        return victim;
    }

    /// <summary>The same for a KILL on the session's own connection; without one only what needs no server can be aimed at.</summary>
    private KillVictim Aim(Session at) => Aim(at, _lent?.Opening ?? -1);

    private byte[] KillText(ulong target)
    {
        if (_frame.Code == Command.ProcessKill) return Encoding.UTF8.GetBytes($"KILL {target}");
        var text = KillStatement;
        return [.. text[.._info.KillTargetOffset], .. Encoding.ASCII.GetBytes(target.ToString(CultureInfo.InvariantCulture)), .. text[(_info.KillTargetOffset + _info.KillTargetLength)..]];
    }

    private ValueTask<BackendResult> AskAsync(string text) => AskAsync(Encoding.ASCII.GetBytes(text));

    private async ValueTask<BackendResult> AskAsync(byte[] text) => (await Query(_backend!).QueryAsync([text], SessionCapture.AnswerLimit, CancellationToken.None))[0];

    private static KillRight RightBy(BackendResult result) =>
        !result.Failed ? KillRight.Yes
        : result.ErrorCode == ErrorCode.UnknownThread ? new KillRight(Granted: false, result.ErrorMessage)
        : default;
}
