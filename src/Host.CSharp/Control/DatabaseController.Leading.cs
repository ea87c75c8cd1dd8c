using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>
/// One of several gateways. All of them decide, and the one that leads carries it out; the others wake, and no more. Whoever begins to lead goes on from what the last leader kept, as a gateway does that
/// starts again.
/// </summary>
internal sealed partial class DatabaseController
{
    /// <summary>Until an effect that is under way may have ended.</summary>
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Until what could not be read is asked for again.</summary>
    private static readonly TimeSpan UnreadPause = TimeSpan.FromSeconds(2);

    /// <summary>It leads, and its state is that of the last leader.</summary>
    private volatile bool _leads;

    /// <summary>In which it has led; null: it has not.</summary>
    private string? _ledTerm;

    /// <summary>The state is not what became of the last step.</summary>
    private bool _stateIsNew;

    private string? _notTakenOver;

    /// <summary>Why what is decided here is not carried out, in words; null: it is. A resume always is.</summary>
    public string? WhyNotLeading => _parts.Leading is not { } leading ? null
        : leading.WhyNotHere ?? (_leads ? null : "this gateway begins to lead, and reads what the last leader kept");

    /// <summary>Another gateway leads, or none.</summary>
    public bool LeadsElsewhere => _parts.Leading?.WhyNotHere is not null;

    /// <summary>Why an operator's command is for another gateway, in words; null: it may be told here.</summary>
    public string? WhyNot(OperatorCommand command) => command == OperatorCommand.Resume ? null : WhyNotLeading is { } why ? $"{why}: {command.ToString().ToLowerInvariant()} there" : null;

    /// <summary>Takes the lead over whenever it comes to this gateway, and does as the leader says meanwhile. Ends with the cancellation.</summary>
    public async Task LeadAsync(CancellationToken cancellation)
    {
        if (_parts.Leading is not { } leading)
        {
            return;
        }

        Channel<bool> news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void Note()
        {
            if (leading.WhyNotHere is not null)
            {
                // at once: what is withheld from here on is decided again when it leads again
                _leads = false;
            }

            news.Writer.TryWrite(true);
        }

        leading.Changed += Note;
        try
        {
            Note();
            while (await news.Reader.WaitToReadAsync(cancellation))
            {
                news.Reader.TryRead(out _);
                if (await LookAtLeaderAsync(leading, cancellation) is { } pause)
                {
                    await Task.Delay(pause, _time, cancellation);
                    Note();
                }
            }
        }
        finally
        {
            leading.Changed -= Note;
        }
    }

    /// <returns>After which time it is to be looked at again; null: when something changes.</returns>
    private async Task<TimeSpan?> LookAtLeaderAsync(ILeading leading, CancellationToken cancellation)
    {
        try
        {
            bool isDone = leading.WhyNotHere is null
                ? (_leads && leading.Term == _ledTerm) || await TakeOverAsync(leading, cancellation)
                : await FollowAsync(leading);
            _notTakenOver = null;
            return isDone ? null : BusyPause;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            if (_notTakenOver != e.Message)
            {
                _notTakenOver = e.Message;
                LogNotTakenOver(Name, e.Message);
            }

            return UnreadPause;
        }
    }

    /// <summary>
    /// Does as another gateway says that leads. What is kept counts when it was written in that one's term: before that it may be this gateway's own, and older than what it was told since.
    /// </summary>
    /// <returns>False: not now.</returns>
    private async Task<bool> FollowAsync(ILeading leading)
    {
        string term = leading.Term;
        return term == _ledTerm || leading.Kept is not { } kept || kept.Term != term || await AskAsync(() => Follow(kept.State));
    }

    private async Task<bool> TakeOverAsync(ILeading leading, CancellationToken cancellation)
    {
        if (_running is not null)
        {
            // it may take minutes, and nothing needs to be read for it meanwhile
            return false;
        }

        string term = leading.Term;
        // nobody else led since this gateway did: what it knows itself is newer
        string? kept = term == _ledTerm ? null : await leading.ReadKeptAsync(cancellation);
        int epoch = Volatile.Read(ref _epoch);
        ComputeView view = await _parts.Compute.ObserveAsync(cancellation);
        return await AskAsync(() =>
        {
            // what was seen before it came up or went down says nothing any more
            if (_running is not null || epoch != _epoch || leading.WhyNotHere is not null || leading.Term != term)
            {
                return false;
            }

            // before it decides anything: what is withheld is not decided again for long
            (_ledTerm, _leads) = (term, true);
            // as it was when this gateway started: what it has made of it since is newer
            Adopt(kept is null || kept == _parts.Keeper.Loaded ? KernelJson.WriteState(_state) : kept);
            if (See(view))
            {
                _unattached = Volatile.Read(ref _epoch);
            }

            // looked at once more: sessions are let to what was found
            OnChanged();
            Keep(urgent: true);
            return true;
        });
    }

    /// <summary>Keeps the state; of several gateways the one that leads does, and not before it has read what there is.</summary>
    private void Keep(bool urgent)
    {
        if (_parts.Leading is null || _leads)
        {
            _parts.Keeper.Offer(_state, urgent, _ledTerm);
        }
    }

    /// <summary>Goes on from a state that was kept, as at a start.</summary>
    private void Adopt(string kept)
    {
        ReadResult<State> read = KernelJson.ReadState(_rules.Policy, Now, kept);
        if (!read.Ok)
        {
            LogNotTakenOver(Name, $"what the last leader kept cannot be used, and this gateway goes on from what it knows: {read.Error}");
            return;
        }

        (_state, _rulesOfState, _told, _stateIsNew) = (read.Value, _rules, null, true);
        ComputeSize capacity = _parts.Compute.Capacity;
        _capacity = capacity;
        Tell(at => Inputs.Capacity(at, capacity.CpuMillicores, capacity.MemoryBytes));
    }

    /// <summary>What was commanded at the leader holds here too: whether it is paused, and at what size it wakes.</summary>
    /// <returns>False: not now.</returns>
    private bool Follow(string kept)
    {
        ReadResult<State> read = KernelJson.ReadState(_rules.Policy, Now, kept);
        if (!read.Ok)
        {
            // of a newer gateway, or under other rules: its leader knows
            return true;
        }

        if (_running is not null)
        {
            return false;
        }

        (StateView leads, StateView own) = (Kernel.View(read.Value, Now), Kernel.View(_state, Now));
        if (leads.Paused != own.Paused)
        {
            Tell(at => leads.PausedBy is { } by ? Inputs.Pause(at, by) : Inputs.Unpause(at, "the leader"));
        }

        if (leads.Phase.IsSuspended && own.Phase.IsSuspended && leads.SizeMcu != own.SizeMcu)
        {
            Tell(at => Inputs.Resize(at, leads.SizeMcu, "the leader"));
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the lead could not be taken over, and it is tried again: {Reason}")]
    private partial void LogNotTakenOver(string database, string reason);
}
