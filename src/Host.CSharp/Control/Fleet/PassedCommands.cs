using System.Collections.Concurrent;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Commands;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control.Fleet;

/// <summary>
/// An operator's command that was given to a gateway which does not lead: it is written on the StatefulSet, taken by whichever gateway leads then, and answered there. What is answered is so: not carried out
/// is said only of what was taken back before anybody took it.
/// </summary>
internal sealed class PassedCommands
{
    /// <summary>From then until what follows of it has come about: as long as a leader waits for that.</summary>
    private static readonly TimeSpan s_doneLimit = LedCommands.DoneLimit + TimeSpan.FromSeconds(5);

    /// <summary>What is heard of is looked at this often: commands are rare.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<Guid, bool> _pending = new();
    private readonly CommandBoard _board;
    private readonly Func<StatefulSet?> _heard;
    private readonly GatewayIdentity _own;
    private readonly Func<string, string?, string?> _whyGone;
    private readonly TimeProvider _time;
    private readonly SingleFlight _forgetting;

    /// <param name="heard">The StatefulSet, as it was heard of last.</param>
    /// <param name="whyGone">Why a process of a gateway is there no more, in words; null: it is, or that is not known.</param>
    public PassedCommands(CommandBoard board, Func<StatefulSet?> heard, GatewayIdentity own, Func<string, string?, string?> whyGone, TimeProvider time)
    {
        (_board, _heard, _own, _whyGone, _time) = (board, heard, own, whyGone, time);
        _forgetting = new SingleFlight(() => Left() is { } left ? ForgetAsync(left.Id) : Task.CompletedTask);
    }

    /// <summary>Until somebody leads and takes it: the time of a Lease as it is unless said otherwise, and a little.</summary>
    public TimeSpan TakeLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>From then until the leader has said what it decided.</summary>
    public TimeSpan DecideLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Passes it on, and waits for the answer.</summary>
    /// <param name="untilDone">Waits for what follows of it too, not for the decision alone.</param>
    public async Task<PassedAnswer> AskAsync(OperatorCommand command, string? size, string by, bool untilDone, CancellationToken cancellation)
    {
        string name = command.ToString().ToLowerInvariant();
        var note = new CommandNote(Guid.NewGuid(), name, $"{by}, at gateway {_own.Replica}", _own.Replica, _own.Identity, CommandStage.Asked, size);
        _pending[note.Id] = true;
        bool isTried = false, isWritten = false;
        try
        {
            bool isFull = false;
            await _board.ChangeAsync(all =>
            {
                isTried = true;
                List<CommandNote> kept = [.. all.Where(IsWaitedFor)];
                isFull = kept.Count >= CommandNote.Most;
                return isFull || kept.Any(one => one.Id == note.Id) ? null : [.. kept, note];
            }, cancellation);
            isWritten = !isFull;
            return isFull
                ? new PassedAnswer($"{CommandNote.Most} commands wait for the gateway that leads already, and {name} was not passed on: try again", IsOpen: false, null)
                : await WaitAsync(note, untilDone, cancellation);
        }
        catch (ApiException e)
        {
            bool isOpen = isWritten || (isTried && e.IsPassing && e.WasSent);
            return new PassedAnswer(
                $"{name} is for the gateway that leads, and {(isOpen ? "it is not known whether that one has it. Look at the status, and give it again if need be" : "could not be passed on: it is not carried out")}: {e.Message}",
                isOpen, null);
        }
        finally
        {
            _pending.TryRemove(note.Id, out _);
            await ForgetAsync(note.Id);
        }
    }

    /// <summary>The StatefulSet was heard of: what could not be taken off it before is taken off now.</summary>
    public void Hear()
    {
        if (Left() is not null)
        {
            _forgetting.Ask();
        }
    }

    /// <summary>Of this process, and waited for no more.</summary>
    private CommandNote? Left() => _heard() is { } set ? CommandNote.Read(set).FirstOrDefault(one => one.Process == _own.Identity && !_pending.ContainsKey(one.Id)) : null;

    /// <summary>Somebody waits for its answer. What one is left behind by a gateway that is gone, or by this one when the server could not be asked, is nobody's.</summary>
    private bool IsWaitedFor(CommandNote note) => note.Process == _own.Identity ? _pending.ContainsKey(note.Id) : _whyGone(note.Replica, note.Process) is null;

    private async Task<PassedAnswer> WaitAsync(CommandNote note, bool untilDone, CancellationToken cancellation)
    {
        CommandNote last = await UntilAsync(note, CommandStage.Taken, TakeLimit, cancellation);
        bool isAwaited = false;
        while (last.Stage < CommandStage.Decided)
        {
            if (last.Stage == CommandStage.Taken)
            {
                isAwaited = true;
                last = await UntilAsync(last, CommandStage.Decided, DecideLimit, cancellation);
            }

            if (last.Stage < CommandStage.Decided)
            {
                // by the server itself: a leader that leads no more may have put it back
                (bool isBack, CommandNote? now) = await TakeBackAsync(note.Id, cancellation);
                if (isBack)
                {
                    return new PassedAnswer(
                        $"no gateway that leads took {note.Command} within {TakeLimit.TotalSeconds:0} s: it was taken back, and is not carried out. `fleet` of the status says who leads; try again", IsOpen: false, null);
                }

                if (now is null || (isAwaited && now.Stage < CommandStage.Decided))
                {
                    string what = now is null
                        ? $"somebody took {note.Command} off the StatefulSet before it was answered"
                        : $"gateway {Shown.Of(GatewayIdentity.ReplicaOf(now.Taker ?? "?"))} took {note.Command}, and has not said within {DecideLimit.TotalSeconds:0} s what came of it";
                    return new PassedAnswer($"{what}: whether it is carried out is not known. Look at the status, and give it again if need be", IsOpen: true, null);
                }

                last = now;
            }
        }

        if (untilDone && last.Error is null)
        {
            last = await UntilAsync(last, CommandStage.Done, s_doneLimit, cancellation);
        }

        return new PassedAnswer(last.Error, IsOpen: false, last);
    }

    /// <returns>Whether nobody had taken it, and it is back; and how it stands.</returns>
    private async Task<(bool IsBack, CommandNote? Now)> TakeBackAsync(Guid id, CancellationToken cancellation)
    {
        bool isBack = false;
        CommandNote? now = null;
        await _board.ChangeAsync(all =>
        {
            now = all.FirstOrDefault(one => one.Id == id);
            isBack = now is { Stage: CommandStage.Asked };
            return isBack ? [.. all.Where(one => one.Id != id)] : null;
        }, cancellation);
        return (isBack, now);
    }

    /// <returns>As it was last heard of, of this stage or a later one, or not.</returns>
    private async Task<CommandNote> UntilAsync(CommandNote last, CommandStage stage, TimeSpan limit, CancellationToken cancellation)
    {
        long began = _time.GetTimestamp();
        while (last.Stage < stage && _time.GetElapsedTime(began) < limit)
        {
            await Task.Delay(s_look, _time, cancellation);
            CommandNote? heard = _heard() is { } set ? CommandNote.Read(set).FirstOrDefault(one => one.Id == last.Id) : null;
            last = heard ?? last;
        }

        return last;
    }

    /// <summary>It is answered, or nobody waits any more. What stays is taken off when the StatefulSet is heard of again.</summary>
    private async Task ForgetAsync(Guid id)
    {
        try
        {
            await _board.ChangeAsync(all => all.Any(one => one.Id == id) ? [.. all.Where(one => one.Id != id)] : null, CancellationToken.None);
        }
        catch (ApiException)
        {
            // see Hear
        }
    }
}

/// <summary>What is known of a command that was passed on.</summary>
/// <param name="Error">Why it is not carried out, did not come about, or is not known to; null: it is.</param>
/// <param name="IsOpen">Whether it is carried out is not known.</param>
/// <param name="Last">As the leader answered; null: it did not.</param>
internal sealed record PassedAnswer(string? Error, bool IsOpen, CommandNote? Last)
{
    public IReadOnlyList<string> Warnings => [.. Last?.Warnings ?? [], .. Last is { Stage: CommandStage.Decided } ? new[] { $"{Last.Command} is under way at the gateway that leads" } : []];
}
