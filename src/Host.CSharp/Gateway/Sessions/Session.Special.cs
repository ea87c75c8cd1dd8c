using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Commands that are more than forwarding, and what is to be done after some.</summary>
internal sealed partial class Session
{
    [Flags]
    private enum Afterwards : byte
    {
        None = 0,

        /// <summary>An error says nothing of the transaction; asking the server does.</summary>
        AskStatus = 1 << 0,

        /// <summary>COM_RESET_CONNECTION has reset the trackers too.</summary>
        SetUpTrackers = 1 << 1,

        /// <summary>The statement ran with the client's tracker setting.</summary>
        TakeTrackersBack = 1 << 2,

        /// <summary>The gateway was told to make every session leave its connection after each statement.</summary>
        Detach = 1 << 3,

        /// <summary>It has set variables of which the server tells nothing.</summary>
        ReadVariables = 1 << 4,
    }

    private Afterwards _afterwards;

    /// <summary>Part of a command has been read from the client, or of a file.</summary>
    private bool _midCommand;

    private byte _lastSequence;

    /// <summary>Bytes of memory that a long command takes, counted against those of all sessions.</summary>
    private int _long;

    private bool TakeLong(PacketHeader header)
    {
        if (_long > 0) return true;
        if (header.IsContinued || Database.LongCommands.TryTake(header.Length) is not null) return false;
        _long = header.Length;
        return true;
    }

    private void ReturnLong()
    {
        Database.LongCommands.Return(_long);
        _long = 0;
    }

    /// <summary>What the end of the command asks for, before its answer goes out.</summary>
    private void NoteAfterwards()
    {
        _afterwards = Afterwards.None;
        _lastSequence = 0;
        if (_statement is { } statement) NoteStatementEnded(statement);
        if (!_reader.Succeeded)
        {
            var plain = _state.Autocommit && !_state.InTransaction && !_info.Has(StatementTraits.MultiStatement | StatementTraits.RunsStoredCode);
            if (!plain) _afterwards |= Afterwards.AskStatus;
        }
        else if (_frame.Code == Command.ResetConnection)
        {
            ResetState();
            _shownId = _backendId;
            _afterwards |= Afterwards.SetUpTrackers;
        }
        // Before the client hears of it, so that its next login finds the change.
        if (_info.Has(StatementTraits.ChangesAccounts) && MayHaveRun) Database.OnAccountsChanged();
        NoteReplica();
        if (_info.Has(StatementTraits.SetsGlobalVariables | StatementTraits.CreatesStoredCode)) Database.OnServerChanged(_info.Has(StatementTraits.CreatesStoredCode));
        // Those that are in a schema which is gone would be taken as they are by who wants to be in it.
        if (_info.Kind == StatementKind.Ddl && _info.Has(StatementTraits.ChangesSchema)) Database.OnSchemaDropped();
        // The server counts the first three for the session, and a probe reads the counts; of a sequence it tells what was taken last.
        if (_info.Has(StatementTraits.SqlPrepare | StatementTraits.SqlDeallocate | StatementTraits.SqlExecute | StatementTraits.TakesFromSequence)) _worn = true;
        if (_reader.Succeeded && _info.Has(StatementTraits.SetsGlobalVariables)) Database.OnGlobalsChanged();
        if (UnreportedVariables.AreToBeRead(_state)) _afterwards |= Afterwards.ReadVariables;
        if (_trackersLent) _afterwards |= Afterwards.TakeTrackersBack;
        if (Database.Options.DetachAfterEachStatement) _afterwards |= Afterwards.Detach;
    }

    /// <summary>Also with an error: a batch up to the statement that failed, and what names several accounts for those it could change.</summary>
    private bool MayHaveRun =>
        _reader.Succeeded || _info.Has(StatementTraits.MultiStatement) || _reader.ErrorCode is ErrorCode.CannotUser or ErrorCode.RevokeGrants;

    /// <summary>False: the session ends.</summary>
    private async ValueTask<bool> DoAfterwardsAsync()
    {
        var afterwards = _afterwards;
        _afterwards = Afterwards.None;
        try
        {
            if ((afterwards & Afterwards.SetUpTrackers) != 0)
                await Query(_backend!).QueryAsync([Catalogue.TrackerSetup], SessionCapture.AnswerLimit, CancellationToken.None);
            if ((afterwards & Afterwards.TakeTrackersBack) != 0) await TakeTrackersBackAsync();
            if ((afterwards & Afterwards.ReadVariables) != 0)
            {
                await UnreportedVariables.ReadAsync(_state, Catalogue, Query(_backend!), CancellationToken.None);
                UpdateStanding();
            }
            if ((afterwards & Afterwards.AskStatus) != 0)
            {
                _state.OnStatus((ushort)await SendSetOptionAsync(_backend!));
                UpdateStanding();
            }
            if ((afterwards & Afterwards.Detach) != 0) await DetachAfterStatementAsync();
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            if ((_signals & SessionSignals.ClientGone) != 0) return false;
            _lostBecause ??= failure.Message;
            LoseBackend();
        }
        return true;
    }

    private void ResetState()
    {
        _state.ResetConnection(Catalogue);
        // On MySQL its connection goes on with the server's character set, not with its login's: others can take it now, and it theirs.
        _idleBackends = null;
        _prepared = null;
        UpdateStanding();
    }

    private async ValueTask<bool> ServeSpecialAsync(Decision decision)
    {
        switch (decision)
        {
            case Decision.ChangeUser:
                return await ChangeUserAsync();
            case Decision.Discard:
                await RelayPacketsAsync(backend: null, untilEmpty: false);
                if (_long > 0) ReturnLong();
                return true;
            case Decision.ShowProcessList:
                return await ShowProcessListAsync();
            case Decision.Command:
                return await CommandDatabaseAsync();
            case Decision.Stream:
                return await StreamAsync();
            default:
                return await KillAsync();
        }
    }
}
