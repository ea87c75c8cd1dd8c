using Microsoft.Extensions.Logging;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Fence;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>
/// One suspend that this gateway proposes, as <see cref="Proposal"/> says: from the intent until all have promised, and then the judge of the stop. It is used once.
/// </summary>
internal sealed partial class Agreement : IDisposable
{
    private const int MostAttempts = 8;
    private static readonly TimeSpan CheckPeriod = TimeSpan.FromSeconds(1);

    private readonly string _database;
    private readonly FenceCalls _calls;
    private readonly IKubernetesApi _api;
    private readonly FleetNames _names;
    private readonly PeerWatch _peers;
    private readonly GuardRunner _guardOfOwn;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SuspendIntent _intent;
    private readonly Lock _guard = new();
    private readonly TaskCompletionSource<string?> _agreed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _check;
    private readonly SingleFlight _look;
    private readonly SingleFlight _list;
    private ProposalState _state;
    private string? _reason;

    public Agreement(
        string database, SuspendIntent intent, FenceCalls calls, IKubernetesApi api, FleetNames names, PeerWatch peers, GuardRunner guard, TimeProvider time, ILogger logger)
    {
        (_database, _intent, _calls, _api, _names, _peers, _guardOfOwn, _time, _logger) = (database, intent, calls, api, names, peers, guard, time, logger);
        (_state, _) = Proposal.Begin(intent.Id);
        (_look, _list) = (new SingleFlight(LookAsync), new SingleFlight(ListAsync));
        _check = time.CreateTimer(_ => Check(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public Guid Intent => _intent.Id;

    private ProposalPhase Phase => Volatile.Read(ref _state).Phase;

    /// <returns>Null: all gateways have promised. Otherwise why nothing comes of it.</returns>
    public async Task<string?> ProposeAsync(CancellationToken cancellation)
    {
        try
        {
            if (await PublishAsync(cancellation) is not { } published)
            {
                return _reason;
            }

            Apply(Proposal.Published);
            _check.Change(CheckPeriod, CheckPeriod);
            // the watch will say the same, later
            _guardOfOwn.Hear(published);
            return await _agreed.Task.WaitAsync(cancellation);
        }
        catch (ApiException e)
        {
            Abort(e.Message);
            return _reason;
        }
        catch (OperationCanceledException)
        {
            Abort("it was taken back");
            return _reason;
        }
    }

    /// <summary>The StatefulSet was heard of.</summary>
    public void Hear(StatefulSet set) => Apply(state => Proposal.Heard(state, SuspendIntent.View(set)), SuspendIntent.Refusal(set, _intent.Id));

    /// <summary>A gateway's Lease was heard of.</summary>
    public void Hear(string gateway, Peer? peer) => Apply(state => peer is null
        ? Proposal.Left(state, gateway)
        : Proposal.Promised(state, gateway, peer.Promises.GetValueOrDefault(_database)));

    /// <summary>May it be scaled to zero at the version that was read? Asked anew for each version.</summary>
    /// <returns>Null: it may. Otherwise why not.</returns>
    public string? WhyNotStop(StatefulSet fresh)
    {
        lock (_guard)
        {
            // what became of the attempt before is seen in what was read
            (_state, _) = Proposal.Commit(_state);
            (_state, _) = Proposal.NotStopped(_state);
            (_state, ProposalCommands commands) = Proposal.Answered(_state, SuspendIntent.View(fresh), fresh.Metadata.ResourceVersion ?? "");
            return commands.HasFlag(ProposalCommands.Stop) ? null : SuspendIntent.Refusal(fresh, _intent.Id) ?? "the intent to suspend was taken back";
        }
    }

    /// <summary>Ends it, however far it is; what is on the StatefulSet is taken off.</summary>
    public void Abort(string why) => Apply(Proposal.Abort, why);

    public void Dispose() => _check.Dispose();

    /// <summary>Writes the intent on a StatefulSet that is free. A conflict is no word of another gateway: whoever looks after its pods writes it too.</summary>
    /// <returns>As it is with the intent; null: nothing comes of it.</returns>
    private async Task<StatefulSet?> PublishAsync(CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            StatefulSet found;
            try
            {
                found = await _calls.AskAsync(isUrgent: true, cancellation);
            }
            catch (Exception e) when (e is ApiException or OperationCanceledException)
            {
                // nothing of it was written: what is there is another's
                Apply(state => (state with { Phase = ProposalPhase.Off }, ProposalCommands.End), e is ApiException ? e.Message : "it was taken back");
                return null;
            }

            if (!SuspendIntent.View(found).IsFree)
            {
                string? by = SuspendIntent.Of(found)?.By;
                Apply(state => (state with { Phase = ProposalPhase.Off }, ProposalCommands.End), by is null ? "it is scaled to zero already" : $"gateway {Shown.Of(by)} intends to suspend it too");
                // left over by one that is gone, or on its way: its time is counted by each gate
                _guardOfOwn.Hear(found);
                return null;
            }

            try
            {
                return await _calls.PublishAsync(_intent, found.Metadata.ResourceVersion!, cancellation);
            }
            catch (ApiException e) when (e.Failure == ApiFailure.Conflict && attempt < MostAttempts)
            {
                // certainly not written; what is there now is judged anew
            }
            catch (Exception e) when (e is ApiException or OperationCanceledException)
            {
                Abort(e is ApiException ? $"the intent could not be written: {e.Message}" : "it was taken back");
                return null;
            }
        }
    }

    private async Task ListAsync()
    {
        try
        {
            Listed(await _api.ListAsync(Resources.Leases, _names.Space, _names.Gateways, CancellationToken.None));
            // what was promised while they were listed, and heard of before the list
            foreach (Peer peer in _peers.All.Values)
            {
                Hear(peer.Name, peer);
            }
        }
        catch (ApiException e)
        {
            if (Phase == ProposalPhase.Listing)
            {
                Abort(e.Message);
            }

            // of one that goes on, at the next look
        }
    }

    private void Listed(ApiList<Lease> gateways)
    {
        long now = _time.GetTimestamp();
        Apply(state => Proposal.Listed(
            state,
            [
                .. gateways.Items.Select(lease => KeyValuePair.Create(lease.Metadata.Name, PeerWatch.Of(lease, now).Promises.GetValueOrDefault(_database))),
                // one that cannot be read is there, and has promised nothing that is known
                .. gateways.Unreadable.Select(one => KeyValuePair.Create(one.Name.Name, Guid.Empty)),
            ]));
    }

    private void Check() => Apply(Proposal.Check);

    private void Apply(Func<ProposalState, (ProposalState State, ProposalCommands Commands)> step, string? why = null)
    {
        ProposalCommands commands;
        lock (_guard)
        {
            (_state, commands) = step(_state);
            if (commands.HasFlag(ProposalCommands.End))
            {
                _reason ??= why ?? "the intent to suspend was taken back";
            }
        }

        if (commands.HasFlag(ProposalCommands.Withdraw))
        {
            _ = WithdrawAsync();
        }

        if (commands.HasFlag(ProposalCommands.Ask))
        {
            _look.Ask();
        }

        if (commands.HasFlag(ProposalCommands.List))
        {
            _list.Ask();
        }

        if (commands.HasFlag(ProposalCommands.Agree))
        {
            LogAgreed(_database, _intent.Id);
            _agreed.TrySetResult(null);
        }

        if (commands.HasFlag(ProposalCommands.End))
        {
            _check.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _agreed.TrySetResult(_reason);
        }
    }

    private async Task LookAsync()
    {
        try
        {
            StatefulSet set = await _calls.AskAsync(isUrgent: true, CancellationToken.None);
            if (Phase == ProposalPhase.Waiting)
            {
                Apply(state => Proposal.Answered(state, SuspendIntent.View(set), set.Metadata.ResourceVersion ?? ""), SuspendIntent.Refusal(set, _intent.Id));
            }
        }
        catch (ApiException)
        {
            // at the next look
        }
    }

    private async Task WithdrawAsync()
    {
        try
        {
            StatefulSet set = await _calls.WithdrawAsync(null, CancellationToken.None);
            _guardOfOwn.Hear(set);
        }
        catch (ApiException e)
        {
            // every gate that is drained for it takes it back when its time is over; or when a statement comes, which for an operator's it does not before the compute is at zero
            LogNotWithdrawn(_database, _intent.Id, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Database}: all gateways have promised that their gates are closed, for the suspend {Intent}")]
    private partial void LogAgreed(string database, Guid intent);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Database}: the intent to suspend {Intent} could not be taken back: {Reason}")]
    private partial void LogNotWithdrawn(string database, Guid intent, string reason);
}
