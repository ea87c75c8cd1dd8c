using static Serverless.Host.Compute.Kubernetes.Fleet.Fence.GuardCommands;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Fence;

/// <summary>
/// When a gateway lets statements pass to a database that several gateways serve: pure, one step an input. The gate is open only after the server, asked since the last promise, said that no suspend is
/// intended; a promise is made only with the gate drained. docs/kubernetes-gateways.md says why that is enough.
/// </summary>
internal static class GateGuard
{
    public static (GuardState State, GuardCommands Commands) Step(GuardState state, GuardInput input) => input.Kind switch
    {
        GuardInputKind.Joined => Consider(state with { IsMember = true }),
        GuardInputKind.Expelled => Closed(state with { IsMember = false }),
        GuardInputKind.Served when state.Phase == GuardPhase.Open => (state with { IsServing = true }, OpenGate),
        GuardInputKind.Served => Consider(state with { IsServing = true }),
        GuardInputKind.Gone => Closed(Spent(state with { IsServing = false }, state.Heard.Intent)),
        GuardInputKind.Heard => Heard(state with { Heard = input.View }),
        GuardInputKind.Answered => Answered(state with { Question = GuardQuestion.None }, input.View),
        GuardInputKind.Failed => (state with { Question = GuardQuestion.None }, None),
        GuardInputKind.Retry => Retry(state),
        GuardInputKind.Held => Held(state with { Waits = true }),
        GuardInputKind.Eased => (state with { Waits = false }, None),
        GuardInputKind.DrainEnded when state.Phase == GuardPhase.Draining => Promised(state, state.Intent, state.IsPatient),
        GuardInputKind.DrainRefused when state.Phase == GuardPhase.Draining => Withdrawn(state with { Phase = GuardPhase.Open }, state.Intent),
        GuardInputKind.Overdue when state.Intent == input.Intent => TakeBack(state),
        _ => (state, None),
    };

    /// <summary>What is to be done with the gate shut.</summary>
    private static (GuardState, GuardCommands) Consider(GuardState state) => state switch
    {
        not { Phase: GuardPhase.Shut, IsMember: true, Question: GuardQuestion.None } => (state, None),
        { IsAskedFor: true, Waits: true, Heard.IsPatient: false } => Withdrawn(state, state.Heard.Intent),
        { IsAskedFor: true } => Promised(state, state.Heard.Intent, state.Heard.IsPatient),
        { IsServing: true, IsFreed: true } => Opened(state),
        // while the compute starts, so that the statement need not wait for the answer once it serves
        { IsServing: true } or { Waits: true, Heard.IsUp: true, IsFreed: false } => (state with { Question = GuardQuestion.Ask }, Ask),
        _ => (state, None),
    };

    /// <summary>The compute is gone, or nobody waits for this gateway's promise any more. What ran then is not let go on: a gate that is shut has nothing behind it, and a promise may follow at once.</summary>
    private static (GuardState, GuardCommands) Closed(GuardState state)
    {
        GuardCommands drain = state.Phase == GuardPhase.Draining ? CancelDrain : None;
        (GuardState next, GuardCommands then) = Consider(state with { Phase = GuardPhase.Shut, Question = GuardQuestion.None, IsFreed = false });
        return (next, Disowning(state) | drain | CloseGate | then);
    }

    private static (GuardState, GuardCommands) Heard(GuardState state)
    {
        if (!state.Heard.IsUp)
        {
            GuardState spent = Spent(state, state.Heard.Intent) with { IsFreed = false };
            return state.Phase == GuardPhase.Shut ? Consider(spent) : (spent, TellGone);
        }

        return state.Phase switch
        {
            GuardPhase.Shut => Consider(state),
            GuardPhase.Open when state.IsAskedFor => (state with { Phase = GuardPhase.Draining, Intent = state.Heard.Intent, IsPatient = state.Heard.IsPatient }, Drain),
            GuardPhase.Draining when !state.IsAskedFor => (state with { Phase = GuardPhase.Open }, CancelDrain | OpenGate),
            GuardPhase.Draining => (state with { Intent = state.Heard.Intent, IsPatient = state.Heard.IsPatient }, None),
            GuardPhase.Drained when state.Heard.Intent != state.Intent && state.Question == GuardQuestion.None => (state with { Question = GuardQuestion.Ask }, Ask),
            _ => (state, None),
        };
    }

    private static (GuardState, GuardCommands) Answered(GuardState state, FenceView view)
    {
        if (state.Phase is GuardPhase.Open or GuardPhase.Draining)
        {
            return (state, view.IsUp ? None : TellGone);
        }

        if (!view.IsUp)
        {
            GuardState spent = Spent(state, view.Intent);
            return (spent with { Phase = GuardPhase.Shut, IsFreed = false, Heard = spent.Heard with { IsUp = false } }, TellGone);
        }

        if (view.IsFree)
        {
            return Freed(state);
        }

        GuardState seen = state with { Heard = view };
        return state.Waits && !view.IsPatient ? Withdrawn(seen, view.Intent)
            : state.Phase == GuardPhase.Drained && state.Intent == view.Intent ? (seen, None)
            : Promised(seen, view.Intent, view.IsPatient);
    }

    /// <summary>No suspend is intended, as asked since the last promise.</summary>
    private static (GuardState, GuardCommands) Freed(GuardState state)
    {
        GuardState known = state.Phase == GuardPhase.Drained ? state with { Refused = state.Intent } : state;
        return state.IsServing ? Opened(known) : (known with { Phase = GuardPhase.Shut, IsFreed = true }, None);
    }

    private static (GuardState, GuardCommands) Opened(GuardState state)
    {
        GuardState open = state with { Phase = GuardPhase.Open, IsFreed = false };
        // an intent that was heard of meanwhile may be younger than the answer
        (GuardState next, GuardCommands then) = open.IsAskedFor ? Heard(open) : (open, None);
        return (next, OpenGate | then);
    }

    private static (GuardState, GuardCommands) Retry(GuardState state) => state switch
    {
        { Question: not GuardQuestion.None } => (state, None),
        // what is asked ahead of need is not asked again and again
        { Phase: GuardPhase.Shut } => state.IsAskedFor || state.IsServing ? Consider(state) : (state, None),
        { Phase: GuardPhase.Open } when state.Refused != Guid.Empty && state.Heard.Intent == state.Refused => Withdrawn(state, state.Refused),
        { Phase: GuardPhase.Drained, Waits: true, IsPatient: false } => Withdrawn(state, state.Intent),
        { Phase: GuardPhase.Drained } when state.Intent == state.Refused => Withdrawn(state, state.Intent),
        { Phase: GuardPhase.Drained } when state.Heard.Intent != state.Intent => (state with { Question = GuardQuestion.Ask }, Ask),
        _ => (state, None),
    };

    private static (GuardState, GuardCommands) Held(GuardState state) => state.Phase switch
    {
        GuardPhase.Shut => Consider(state),
        GuardPhase.Draining or GuardPhase.Drained when !state.IsPatient => TakeBack(state),
        _ => (state, None),
    };

    private static (GuardState, GuardCommands) TakeBack(GuardState state)
    {
        switch (state.Phase)
        {
            case GuardPhase.Draining:
                // nothing is promised: no answer needs to be waited for
                (GuardState next, GuardCommands then) = Withdrawn(state with { Phase = GuardPhase.Open }, state.Intent);
                return (next, CancelDrain | OpenGate | then);
            case GuardPhase.Drained when state.Question != GuardQuestion.Withdraw:
                return Withdrawn(state, state.Intent);
            default:
                return (state, None);
        }
    }

    /// <summary>With the compute at zero or gone, nothing comes of the intent any more, whoever asked for it: no statement waits for its end.</summary>
    private static GuardState Spent(GuardState state, Guid intent) => state with
    {
        IsPatient = state.IsPatient && state.Intent != intent,
        Heard = state.Heard.Intent == intent ? state.Heard with { IsPatient = false } : state.Heard,
    };

    private static (GuardState, GuardCommands) Withdrawn(GuardState state, Guid intent) =>
        (state with { Refused = intent, Question = GuardQuestion.Withdraw, IsFreed = false }, Disowning(state) | Withdraw);

    /// <summary>An answer to what was asked before the promise says nothing of after it, and neither does one that came before.</summary>
    private static (GuardState, GuardCommands) Promised(GuardState state, Guid intent, bool isPatient) =>
        (state with { Phase = GuardPhase.Drained, Intent = intent, IsPatient = isPatient, Question = GuardQuestion.None, IsFreed = false }, Disowning(state) | Promise);

    private static GuardCommands Disowning(GuardState state) => state.Question == GuardQuestion.None ? None : Disown;
}
