using System.Collections.Immutable;
using static Serverless.Host.Compute.Kubernetes.Fleet.Fence.ProposalCommands;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

/// <summary>
/// How a suspend that the leader decided is agreed on and carried out: pure, one step an input. The intent first, then the list of those to wait for, and a stop that is bound to a version which
/// has the intent.
/// </summary>
internal static class Proposal
{
    /// <param name="intent">An id that was never used.</param>
    public static (ProposalState State, ProposalCommands Commands) Begin(Guid intent) => (new ProposalState(ProposalPhase.Publishing, intent, [], Version: null), Publish);

    /// <summary>The intent is on the StatefulSet: the server said so. Of one that was given up before, what took it back may have come too soon.</summary>
    public static (ProposalState State, ProposalCommands Commands) Published(ProposalState state) => state.Phase switch
    {
        ProposalPhase.Publishing => (state with { Phase = ProposalPhase.Listing }, List),
        ProposalPhase.Off => (state, Withdraw),
        _ => (state, None),
    };

    /// <summary>Listed again, it says who is gone: one that has joined since the first list found the intent, before it opened its gate.</summary>
    /// <param name="promises">By gateway, what it has promised for this database; as listed after the intent was there.</param>
    public static (ProposalState State, ProposalCommands Commands) Listed(ProposalState state, IEnumerable<KeyValuePair<string, Guid>> promises)
    {
        ImmutableSortedSet<string> open = [.. promises.Where(one => one.Value != state.Intent).Select(one => one.Key)];
        return state.Phase switch
        {
            ProposalPhase.Listing => Agreed(state with { Phase = ProposalPhase.Waiting, Awaited = open }),
            ProposalPhase.Waiting => Agreed(state with { Awaited = state.Awaited.Intersect(open) }),
            _ => (state, None),
        };
    }

    /// <summary>A gateway's Lease says so, however late that is heard of.</summary>
    public static (ProposalState State, ProposalCommands Commands) Promised(ProposalState state, string gateway, Guid intent) => state.Phase == ProposalPhase.Waiting && intent == state.Intent
        ? Agreed(state with { Awaited = state.Awaited.Remove(gateway) })
        : (state, None);

    /// <summary>A gateway's Lease was gone. Where that is heard of late, it has one again, and its gate is open: the list says.</summary>
    public static (ProposalState State, ProposalCommands Commands) Left(ProposalState state, string gateway) =>
        (state, state.Phase == ProposalPhase.Waiting && state.Awaited.Contains(gateway) ? List : None);

    /// <summary>Something was heard of the StatefulSet, sooner or later than it was so: without the intent, that is from before it or from after it, and the server says.</summary>
    public static (ProposalState State, ProposalCommands Commands) Heard(ProposalState state, FenceView view) =>
        (state, state.Phase == ProposalPhase.Waiting && view.Intent != state.Intent ? Ask : None);

    /// <summary>The controller goes on, past the point of no return.</summary>
    public static (ProposalState State, ProposalCommands Commands) Commit(ProposalState state) => state.Phase == ProposalPhase.Agreed
        ? (state with { Phase = ProposalPhase.Judging }, Ask)
        : (state, None);

    /// <summary>Time to look whether the intent is there still, and who is: nothing of what comes and goes needs to be heard of.</summary>
    public static (ProposalState State, ProposalCommands Commands) Check(ProposalState state) => (state, state.Phase == ProposalPhase.Waiting ? Ask | List : None);

    /// <param name="version">The resourceVersion at which it is so.</param>
    public static (ProposalState State, ProposalCommands Commands) Answered(ProposalState state, FenceView view, string version) => (state.Phase, view) switch
    {
        (ProposalPhase.Waiting, _) when view.Intent != state.Intent => (state with { Phase = ProposalPhase.Off }, End),
        (not ProposalPhase.Judging, _) => (state, None),
        (_, { IsUp: false }) => (state with { Phase = ProposalPhase.Stopped }, End),
        _ when view.Intent == state.Intent => (state with { Phase = ProposalPhase.Stopping, Version = version }, Stop),
        _ => (state with { Phase = ProposalPhase.Off }, End),
    };

    public static (ProposalState State, ProposalCommands Commands) Stopped(ProposalState state) => state.Phase == ProposalPhase.Stopping
        ? (state with { Phase = ProposalPhase.Stopped }, End)
        : (state, None);

    /// <summary>It was another version by then, or it is not known what became of the stop.</summary>
    public static (ProposalState State, ProposalCommands Commands) NotStopped(ProposalState state) => state.Phase == ProposalPhase.Stopping
        ? (state with { Phase = ProposalPhase.Judging }, Ask)
        : (state, None);

    /// <summary>The controller took it back, its time is over, another leads, or the intent could not be written: that it is there nevertheless is possible.</summary>
    public static (ProposalState State, ProposalCommands Commands) Abort(ProposalState state) => state.Phase is ProposalPhase.Stopped or ProposalPhase.Off
        ? (state, None)
        : (state with { Phase = ProposalPhase.Off }, Withdraw | End);

    private static (ProposalState, ProposalCommands) Agreed(ProposalState state) => state.Awaited.IsEmpty ? (state with { Phase = ProposalPhase.Agreed }, Agree) : (state, None);
}
