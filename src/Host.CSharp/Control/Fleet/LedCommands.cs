using Microsoft.Extensions.Logging;
using Serverless.Core;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Commands;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Compute.Kubernetes.Fleet.Suspending;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control.Fleet;

/// <summary>
/// The commands that other gateways were given, at the gateway that leads: each is taken by a write that fails if anybody took it before, told to the controller, and answered. One whose asker is gone is
/// not carried out, since nobody knows how old it is; and an asker is there when it was heard of after this gateway began to watch, for the Lease of one that died long ago may be there too.
/// </summary>
internal sealed partial class LedCommands
{
    /// <summary>How long what follows of a command is waited for.</summary>
    public static readonly TimeSpan DoneLimit = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private readonly CommandBoard _board;
    private readonly Func<StatefulSet?> _look;
    private readonly GatewayIdentity _own;
    private readonly Func<string, string?, string?> _whyGone;
    private readonly Func<string, string, bool> _isAlive;
    private readonly DatabaseController _controller;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationToken _end;
    private readonly SingleFlight _handling;

    /// <summary>Dealt with already, and heard of as they were before.</summary>
    private readonly HashSet<Guid> _seen = [];
    private bool _troubled;

    public LedCommands(
        CommandBoard board, Func<StatefulSet?> look, GatewayIdentity own, Func<string, string?, string?> whyGone, Func<string, string, bool> isAlive, DatabaseController controller, TimeProvider time,
        ILogger logger, CancellationToken end)
    {
        (_board, _look, _own, _whyGone, _isAlive, _controller, _time, _logger, _end) = (board, look, own, whyGone, isAlive, controller, time, logger, end);
        _handling = new SingleFlight(HandleAsync);
    }

    /// <summary>The StatefulSet was heard of, or the lead has changed hands.</summary>
    public void Look() => _handling.Ask();

    /// <summary>Never throws.</summary>
    private async Task HandleAsync()
    {
        try
        {
            while (Next() is { } note)
            {
                // its asker will renew its Lease, or be found to be gone
                bool isThere = IsThere(note);
                if (_controller.WhyNotLeading is not null || !(isThere || IsGone(note)))
                {
                    await Task.Delay(s_pause, _time, _end);
                    continue;
                }

                try
                {
                    await TakeAsync(note, isGone: !isThere);
                    _troubled = false;
                }
                catch (ApiException e)
                {
                    if (!_troubled)
                    {
                        LogTroubled(_controller.Name, note.Command, e.Message);
                    }

                    _troubled = true;
                    await Task.Delay(s_retry, _time, _end);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the database is not served here any more
        }
    }

    /// <summary>The first that is this gateway's to take; null: none is, or another gateway leads.</summary>
    private CommandNote? Next()
    {
        IReadOnlyList<CommandNote> all = _look() is { } set ? CommandNote.Read(set) : [];
        _seen.IntersectWith(all.Select(one => one.Id));
        List<CommandNote> mine = _controller.LeadsElsewhere ? [] : [.. all.Where(one => IsMine(one) && !_seen.Contains(one.Id))];
        return mine.Find(IsThere) ?? mine.FirstOrDefault();
    }

    private bool IsThere(CommandNote note) => note.Process == _own.Identity || _isAlive(note.Replica, note.Process);

    private bool IsGone(CommandNote note) => note.Process != _own.Identity && _whyGone(note.Replica, note.Process) is not null;

    /// <summary>One that this process took, but could not know that it did, is its own still.</summary>
    private bool IsMine(CommandNote note) => note.Stage == CommandStage.Asked || (note.Stage == CommandStage.Taken && note.Taker == _own.Identity);

    private async Task TakeAsync(CommandNote note, bool isGone)
    {
        bool isTaken = false;
        await _board.ChangeAsync(all =>
        {
            isTaken = all.FirstOrDefault(one => one.Id == note.Id) is { } now && IsMine(now);
            return !isTaken ? null
                : isGone ? [.. all.Where(one => one.Id != note.Id)]
                : [.. all.Select(one => one.Id == note.Id ? one with { Stage = CommandStage.Taken, Taker = _own.Identity } : one)];
        }, _end);
        _seen.Add(note.Id);
        if (isGone)
        {
            LogNobodys(_controller.Name, note.Command, Shown.Of(note.Replica));
        }
        else if (isTaken)
        {
            await DecideAsync(note with { Taker = _own.Identity });
        }
    }

    private async Task DecideAsync(CommandNote note)
    {
        EffectReport? before = _controller.Report?.LastEffect;
        (OperatorWish? wish, string? wrong) = Enum.TryParse(note.Command, ignoreCase: true, out OperatorCommand command) && Enum.IsDefined(command)
            ? OperatorWish.Read(command, note.Size)
            : (null, $"`{Shown.Of(note.Command)}` is no command that gateway {_own.Replica} knows, which leads: bring all gateways to one version");
        CommandNote answer;
        if (wish is null)
        {
            answer = note with { Stage = CommandStage.Done, Error = wrong };
        }
        else if (_controller.WhyNotLeading is not null)
        {
            // for the next leader
            answer = note with { Stage = CommandStage.Asked, Taker = null };
            _seen.Remove(note.Id);
        }
        else
        {
            Decision decision = await TellAsync(wish, note);
            answer = note with { Stage = CommandStage.Decided, Warnings = [.. decision.Warnings] };
        }

        await PutAsync(answer);
        if (answer.Stage == CommandStage.Decided)
        {
            _ = FinishAsync(answer, before);
        }
    }

    private async Task<Decision> TellAsync(OperatorWish wish, CommandNote note)
    {
        try
        {
            return await _controller.TellAsync(at => wish.ToInput(at, Shown.Of(note.By)));
        }
        catch (ControlEndedException e)
        {
            throw new OperationCanceledException(e.Message, e, _end);
        }
    }

    /// <summary>Waits for what follows of it, and says so. Others may be taken meanwhile. Never throws.</summary>
    /// <param name="before">The last effect before it was told.</param>
    private async Task FinishAsync(CommandNote note, EffectReport? before)
    {
        try
        {
            long began = _time.GetTimestamp();
            while (IsUnderway() && _time.GetElapsedTime(began) < DoneLimit)
            {
                await Task.Delay(s_pause, _time, _end);
            }

            ControllerReport report = _controller.Report!;
            StateView view = Kernel.View(report.State, _controller.Now);
            string? failed = report.LastEffect is { Outcome: not ("succeeded" or "underway") } effect && effect.Effect == note.Command && !ReferenceEquals(effect, before)
                ? $"{note.Command} {effect.Outcome}{(effect.Reason is null ? "" : ": " + effect.Reason)}"
                : null;
            await PutAsync(note with { Stage = CommandStage.Done, Error = failed, Phase = view.PhaseName, Paused = view.Paused });
        }
        catch (Exception e) when (e is ApiException or OperationCanceledException)
        {
            // who waits says that it is under way
            LogTroubled(_controller.Name, note.Command, e.Message);
        }
    }

    private bool IsUnderway() => _controller.Report!.Decision.Phase is var phase && (phase.IsResuming || phase.IsResizing || phase.IsDraining || phase.IsSuspending);

    /// <summary>Where its asker still waits.</summary>
    private async Task PutAsync(CommandNote note)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await _board.ChangeAsync(all => all.Any(one => one.Id == note.Id) ? [.. all.Select(one => one.Id == note.Id ? note : one)] : null, _end);
                return;
            }
            catch (ApiException e) when ((e.IsPassing || e.Failure == ApiFailure.Conflict) && attempt < 5)
            {
                await Task.Delay(s_retry, _time, _end);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: {Command}, which an operator gave to another gateway, could not be taken or answered on the StatefulSet: {Reason}")]
    private partial void LogTroubled(string database, string command, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: {Command}, which an operator gave to gateway {Gateway}, is not carried out, since that gateway is gone and nobody waits for it")]
    private partial void LogNobodys(string database, string command, string gateway);
}
