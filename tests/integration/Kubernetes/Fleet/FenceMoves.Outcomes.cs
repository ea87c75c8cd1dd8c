using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>What comes of what happens.</summary>
internal sealed partial class FenceMoves
{
    private static void Arrive(FenceWorld world, ref GatewayModel gateway)
    {
        gateway.Arrivals--;
        gateway.Statement = gateway.Guard.Phase == GuardPhase.Open ? StatementState.Running : StatementState.Held;
    }

    private static void Crash(FenceWorld world, int i)
    {
        GatewayModel gateway = world.Gateways[i];
        Abandon(world, gateway.Question);
        Abandon(world, gateway.Start);
        Abandon(world, gateway.Proposing);
        if (gateway.PromiseUnderWay != Guid.Empty) Abandon(world, new Request(RequestKind.Promise, (byte)i, Intent: gateway.PromiseUnderWay));
        world.Gateways[i] = new GatewayModel { Arrivals = gateway.Arrivals };
    }

    /// <summary>Nobody waits for it any more. What only reads is nothing then; what writes may still be carried out.</summary>
    private static void Abandon(FenceWorld world, Request request)
    {
        if (!request.IsDone && request.Kind is not (RequestKind.None or RequestKind.Ask or RequestKind.List)) world.Late.Add(request);
    }

    private void CarryOut(FenceWorld world, int i)
    {
        Request request = world.Gateways[i].Proposing;
        Request done = request.Kind switch
        {
            RequestKind.List when !rules.ListsAfterPublishing && world.Gateways[i].Proposal!.Phase == ProposalPhase.Listing => request,
            RequestKind.List => request with { FirstPromise = world.Promises[0], SecondPromise = world.Promises[1] },
            RequestKind.Ask => request with { View = world.Now, IsCurrent = true },
            _ => request with { Succeeded = Effect(world, request) },
        };
        world.Gateways[i].Proposing = done with { IsDone = true };
    }

    private void Answer(FenceWorld world, int i)
    {
        ref GatewayModel gateway = ref world.Gateways[i];
        (Request done, ProposalState proposal) = (gateway.Proposing, gateway.Proposal!);
        gateway.Proposing = default;
        switch (done.Kind)
        {
            case RequestKind.Publish:
                Published(world, i, done, proposal);
                break;
            case RequestKind.List:
                KeyValuePair<string, Guid>[] listed = [.. new[] { done.FirstPromise, done.SecondPromise }.Index().Where(one => one.Item is not null).Select(one => KeyValuePair.Create($"{one.Index}", one.Item!.Value))];
                Propose(world, i, Proposal.Listed(proposal, listed.Where(one => rules.WaitsForAll || one.Key == $"{i}")));
                break;
            case RequestKind.Ask:
                // a stop is sent at the version that was read, which may be an old one when it is sent
                FenceView view = rules.LooksForIntent ? done.View : done.View with { Intent = proposal.Intent };
                Propose(world, i, Proposal.Answered(proposal, view, ""), isCurrent: done.IsCurrent);
                break;
            case RequestKind.Stop:
                Propose(world, i, done.Succeeded ? Proposal.Stopped(proposal) : Proposal.NotStopped(proposal));
                break;
        }
    }

    private void Published(FenceWorld world, int i, Request done, ProposalState proposal)
    {
        if (done.Succeeded)
        {
            Propose(world, i, Proposal.Published(proposal));
            if (!rules.ListsAfterPublishing) world.Gateways[i].Proposing = world.Gateways[i].Proposing with { FirstPromise = done.FirstPromise, SecondPromise = done.SecondPromise };
        }
        else if (world.Now.IsFree)
        {
            Propose(world, i, (proposal, ProposalCommands.Publish));
        }
        else
        {
            world.Gateways[i].Proposal = null;
        }

        // what was written or found is told to the gate, whatever the watch has yet to say of before
        Tell(world, i, new GuardInput(GuardInputKind.Heard, world.Now));
    }

    /// <summary>The server carries a write out, or refuses it.</summary>
    private bool Effect(FenceWorld world, Request request)
    {
        switch (request.Kind)
        {
            case RequestKind.Withdraw:
                Withdraw(world, request.By);
                return true;
            case RequestKind.Promise:
                if (world.Promises[request.By] is not null) world.Promises[request.By] = request.Intent;
                return true;
            case RequestKind.Publish when request.IsCurrent:
                world.Write(world.Now with { Intent = request.Intent, IsPatient = rules.IsPatient });
                return true;
            case RequestKind.Start when request.IsCurrent && !world.Now.IsUp:
                world.Write(world.Now with { IsUp = true });
                return true;
            case RequestKind.Stop when (request.IsCurrent || !rules.BindsStops) && world.Now.IsUp:
                world.CarriedOut = world.CarriedOut.Add(world.Now.Intent);
                world.Write(world.Now with { IsUp = false });
                return true;
            default:
                return false;
        }
    }

    private static void Withdraw(FenceWorld world, int by)
    {
        if (world.Now.Intent != Guid.Empty) world.Write(world.Now with { Intent = Guid.Empty, IsPatient = false });
    }

    /// <summary>A proposal goes on, and what it wants done is on its way.</summary>
    private void Propose(FenceWorld world, int i, (ProposalState State, ProposalCommands Commands) step, bool isCurrent = true)
    {
        if (step.State.Phase == ProposalPhase.Agreed)
        {
            // at once; that it takes its time is that its question does
            Propose(world, i, Proposal.Commit(step.State));
            return;
        }

        ref GatewayModel gateway = ref world.Gateways[i];
        gateway.Proposal = step.State.Phase is ProposalPhase.Off or ProposalPhase.Stopped ? null : step.State;
        if (step.Commands.HasFlag(ProposalCommands.Withdraw))
        {
            Abandon(world, gateway.Proposing);
            world.Late.Add(new Request(RequestKind.Withdraw, (byte)i));
        }

        RequestKind kind = step.Commands switch
        {
            _ when step.Commands.HasFlag(ProposalCommands.Publish) => RequestKind.Publish,
            _ when step.Commands.HasFlag(ProposalCommands.List) => RequestKind.List,
            _ when step.Commands.HasFlag(ProposalCommands.Ask) => RequestKind.Ask,
            _ when step.Commands.HasFlag(ProposalCommands.Stop) => RequestKind.Stop,
            _ => RequestKind.None,
        };
        if (kind != RequestKind.None)
        {
            gateway.Proposing = new Request(kind, (byte)i, IsCurrent: isCurrent && kind != RequestKind.List, Intent: step.State.Intent);
            // listed too soon: as it was before the intent is there
            if (kind == RequestKind.Publish && !rules.ListsAfterPublishing) gateway.Proposing = gateway.Proposing with { FirstPromise = world.Promises[0], SecondPromise = world.Promises[1] };
        }
        else if (gateway.Proposal is null)
        {
            gateway.Proposing = default;
        }
    }

    /// <summary>A gate's guard hears something, and what it wants done is done or on its way.</summary>
    private void Tell(FenceWorld world, int i, GuardInput input)
    {
        ref GatewayModel gateway = ref world.Gateways[i];
        (GuardState next, GuardCommands commands) = rules.Guard(gateway.Guard, input);
        gateway.Guard = next;
        if (commands.HasFlag(GuardCommands.Disown))
        {
            Abandon(world, gateway.Question);
            gateway.Question = default;
        }

        if (commands.HasFlag(GuardCommands.CloseGate) && gateway.Statement == StatementState.Running) gateway.Statement = StatementState.None;
        if (commands.HasFlag(GuardCommands.Promise))
        {
            if (gateway.PromiseUnderWay != Guid.Empty) Abandon(world, new Request(RequestKind.Promise, (byte)i, Intent: gateway.PromiseUnderWay));
            gateway.PromiseUnderWay = next.Intent;
        }

        if (commands.HasFlag(GuardCommands.Ask)) gateway.Question = new Request(RequestKind.Ask, (byte)i);
        if (commands.HasFlag(GuardCommands.Withdraw)) gateway.Question = new Request(RequestKind.Withdraw, (byte)i);
        if (gateway.Guard.Phase == GuardPhase.Open && gateway.Statement == StatementState.Held)
        {
            gateway.Statement = StatementState.Running;
            Tell(world, i, new GuardInput(GuardInputKind.Eased));
        }
    }
}
