using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Everything that can happen next in a world.</summary>
internal sealed partial class FenceMoves(FenceRules rules)
{
    private FenceWorld _world = null!;
    private Action<string, FenceWorld, bool> _tell = null!;

    /// <param name="tell">Called for each: what happens, the world after it, and whether it can be counted on: that it happens in the end, whatever the world does.</param>
    public void Of(FenceWorld world, Action<string, FenceWorld, bool> tell)
    {
        (_world, _tell) = (world, tell);
        for (int i = 0; i < 2; i++)
        {
            if (!world.Gateways[i].IsAlive)
            {
                Dead(i);
                continue;
            }

            Clients(i);
            Gate(i);
            Hearing(i);
            Waking(i);
            Proposing(i);
            Fault(mayHappen: true, "crashes", i, Crash);
        }

        Late();
    }

    private void Clients(int i)
    {
        GatewayModel gateway = _world.Gateways[i];
        if (gateway.Statement == StatementState.None && gateway.Arrivals > 0) May("gets a statement", i, Arrive);
        if (gateway.Statement == StatementState.Running) Move("ends its statement", i, (FenceWorld _, ref GatewayModel one) => one.Statement = StatementState.None);
    }

    private void Gate(int i)
    {
        GatewayModel gateway = _world.Gateways[i];
        GuardState guard = gateway.Guard;
        if (gateway.Question is { Kind: not RequestKind.None, IsDone: false })
        {
            Move("is asked", i, (FenceWorld world, ref GatewayModel one) =>
            {
                if (one.Question.Kind == RequestKind.Withdraw) Withdraw(world, i);
                world.Gateways[i].Question = one.Question with { IsDone = true, View = world.Now };
            });
        }

        if (gateway.Question.IsDone)
        {
            Move("is answered", i, (FenceWorld world, ref GatewayModel one) =>
            {
                FenceView view = one.Question.View;
                one.Question = default;
                Tell(world, i, new GuardInput(GuardInputKind.Answered, view));
            });
        }

        Fault(gateway.Question.Kind != RequestKind.None, "is not answered", i, (world, at) =>
        {
            Abandon(world, world.Gateways[at].Question);
            world.Gateways[at].Question = default;
            Tell(world, at, new GuardInput(GuardInputKind.Failed));
        });
        if (gateway.PromiseUnderWay != Guid.Empty)
        {
            Move("has promised", i, (FenceWorld world, ref GatewayModel one) =>
            {
                world.Promises[i] = one.PromiseUnderWay;
                one.PromiseUnderWay = Guid.Empty;
            });
        }

        if (guard.Phase == GuardPhase.Draining && gateway.Statement != StatementState.Running) Input("is drained", i, GuardInputKind.DrainEnded);
        if (guard.Phase == GuardPhase.Draining && gateway.Statement == StatementState.Running && !guard.IsPatient) Input("cannot be drained", i, GuardInputKind.DrainRefused);
        var overdue = new GuardInput(GuardInputKind.Overdue, Intent: guard.Intent);
        bool isProposed = _world.Gateways.Any(one => one.Proposal?.Intent == guard.Intent);
        if (guard.Phase == GuardPhase.Drained && !isProposed)
        {
            // no statement waits for the time of what was carried out
            bool counts = gateway.Statement != StatementState.Held || !_world.CarriedOut.Contains(guard.Intent);
            Make("finds the intent overdue", i, (FenceWorld world, ref GatewayModel _) => Tell(world, i, overdue), counts);
        }

        Err(guard.Phase == GuardPhase.Draining || (guard.Phase == GuardPhase.Drained && isProposed), "finds the intent overdue too soon", i, (world, at) => Tell(world, at, overdue));
        if (rules.Guard(guard, new GuardInput(GuardInputKind.Retry)).Commands != GuardCommands.None) Input("tries again", i, GuardInputKind.Retry);
        Fault(guard.IsMember && _world.Promises[i] is not null, "loses its Lease", i, (world, at) =>
        {
            world.Promises[at] = null;
            world.Gateways[at].PromiseUnderWay = Guid.Empty;
            world.Gateways[at].Joins = true;
            Tell(world, at, new GuardInput(GuardInputKind.Expelled));
        });
        if (gateway.Joins)
        {
            Move("has joined", i, (FenceWorld world, ref GatewayModel one) =>
            {
                one.Joins = false;
                world.Promises[i] = Guid.Empty;
                if (rules.JoinsFirst) Tell(world, i, new GuardInput(GuardInputKind.Joined));
            });
        }
    }

    private void Hearing(int i)
    {
        for (int behind = _world.Gateways[i].Behind - 1; behind >= 0; behind--)
        {
            int version = _world.Versions.Count - 1 - behind;
            Move($"hears of version -{behind}", i, (FenceWorld world, ref GatewayModel one) =>
            {
                one.Behind = (byte)(world.Versions.Count - 1 - version);
                // to a proposal it gives reason to look, and that it may at any time
                Tell(world, i, new GuardInput(GuardInputKind.Heard, world.Versions[version]));
            });
        }
    }

    private void Waking(int i)
    {
        GatewayModel gateway = _world.Gateways[i];
        if (!gateway.Guard.IsServing && _world.Now.IsUp) Input("finds the compute serving", i, GuardInputKind.Served);
        if (gateway.Guard.IsServing && !_world.Now.IsUp) Input("finds the compute gone", i, GuardInputKind.Gone);
        Err(mayHappen: true, "is mistaken about the compute", i, (world, at) => Tell(world, at, new GuardInput(world.Gateways[at].Guard.IsServing ? GuardInputKind.Gone : GuardInputKind.Served)));
        if (gateway.Start.Kind == RequestKind.None && gateway is { Statement: StatementState.Held, Guard.IsServing: false } && !_world.Now.IsUp)
        {
            Move("wakes", i, (FenceWorld _, ref GatewayModel one) => one.Start = new Request(RequestKind.Start, (byte)i, IsCurrent: true));
        }

        if (gateway.Start.Kind != RequestKind.None)
        {
            Move("has woken", i, (FenceWorld world, ref GatewayModel one) =>
            {
                Request start = one.Start;
                one.Start = default;
                if (start.IsCurrent && !world.Now.IsUp) world.Write(world.Now with { IsUp = true });
            });
            Fault(mayHappen: true, "does not hear of its wake", i, (world, at) =>
            {
                Abandon(world, world.Gateways[at].Start);
                world.Gateways[at].Start = default;
            });
        }
    }

    private void Proposing(int i)
    {
        GatewayModel gateway = _world.Gateways[i];
        // the two are alike: who proposes first is the first
        if (_world.Proposals > 0 && (i == 0 || _world.Proposals < _world.MostProposals) && gateway is { Proposal: null, Statement: StatementState.None, Guard.Phase: GuardPhase.Open } && _world.Now.IsFree)
        {
            May("proposes", i, (FenceWorld world, ref GatewayModel _) =>
            {
                Guid id = FenceWorld.Ids[rules.HasFreshIds ? world.Proposals : 1];
                world.Proposals--;
                Propose(world, i, Proposal.Begin(id));
            });
        }

        if (gateway.Proposal is not { } proposal) return;
        if (gateway.Proposing is { Kind: not RequestKind.None, IsDone: false })
        {
            Move($"has its {gateway.Proposing.Kind} carried out", i, (FenceWorld world, ref GatewayModel one) =>
            {
                CarryOut(world, i);
                // Of a write the time between is seen in what others hear of it before; of what reads it is the answer's age.
                if (one.Proposing.Kind is RequestKind.Publish or RequestKind.Stop) Answer(world, i);
            });
        }

        if (gateway.Proposing.IsDone) Move($"hears of its {gateway.Proposing.Kind}", i, (FenceWorld world, ref GatewayModel _) => Answer(world, i));
        Fault(gateway.Proposing.Kind != RequestKind.None, $"does not hear of its {gateway.Proposing.Kind}", i, (world, at) =>
        {
            Request lost = world.Gateways[at].Proposing;
            Abandon(world, lost);
            world.Gateways[at].Proposing = default;
            Propose(world, at, lost.Kind == RequestKind.Stop ? Proposal.NotStopped(proposal) : Proposal.Abort(proposal));
        });
        for (int of = 0; of < 2; of++)
        {
            string name = $"{of}";
            if (proposal.Phase != ProposalPhase.Waiting || !proposal.Awaited.Contains(name)) continue;
            // with a list that comes after it, what is heard of who left says nothing
            if (!rules.ListsAgain && _world.HasLeft[of]) May($"sees that {of} left", i, (FenceWorld world, ref GatewayModel _) => Propose(world, i, Proposal.Listed(proposal, proposal.Awaited.Remove(name).Select(one => KeyValuePair.Create(one, Guid.Empty)))));
            if (_world.Promises[of] is { } promised && promised == proposal.Intent) Move($"sees what {of} promised", i, (FenceWorld world, ref GatewayModel _) => Propose(world, i, Proposal.Promised(proposal, name, promised)));
        }

        if (gateway.Proposing.Kind == RequestKind.None && proposal.Phase == ProposalPhase.Waiting)
        {
            (ProposalState next, ProposalCommands look) = Proposal.Check(proposal);
            Move("looks for its intent", i, (FenceWorld world, ref GatewayModel _) => Propose(world, i, (next, look & ProposalCommands.Ask)));
            if (rules.ListsAgain) Move("lists again", i, (FenceWorld world, ref GatewayModel _) => Propose(world, i, (next, look & ProposalCommands.List)));
        }

        if (proposal.Phase == ProposalPhase.Waiting && Enumerable.Range(0, 2).Any(of => !_world.Gateways[of].IsAlive && proposal.Awaited.Contains($"{of}")))
        {
            Move("has waited for as long as it may", i, (FenceWorld world, ref GatewayModel _) => Propose(world, i, Proposal.Abort(proposal)));
        }

        if (proposal.Phase < ProposalPhase.Stopped) Fault(mayHappen: true, "takes its proposal back", i, (world, at) => Propose(world, at, Proposal.Abort(proposal)));
    }

    private void Dead(int i)
    {
        May("starts again", i, (FenceWorld world, ref GatewayModel one) =>
        {
            one = new GatewayModel { IsAlive = true, Joins = true, Arrivals = one.Arrivals, Behind = 1, Guard = new GuardState { IsMember = !rules.JoinsFirst, Heard = new FenceView(Guid.Empty, IsPatient: false, IsUp: false) } };
            if (world.Versions.Count == 1) world.Versions.Insert(0, world.Now);
        });
        if (_world.Promises[i] is null) return;
        May("has its Lease deleted", i, (FenceWorld world, ref GatewayModel _) =>
        {
            world.Promises[i] = null;
            world.HasLeft[i] = !rules.ListsAgain;
        });
    }

    private void Late()
    {
        for (int i = 0; i < _world.Late.Count; i++)
        {
            int at = i;
            May($"late {_world.Late[i].Kind} is carried out", _world.Late[i].By, (FenceWorld world, ref GatewayModel _) =>
            {
                Request late = world.Late[at];
                world.Late.RemoveAt(at);
                Effect(world, late);
            });
        }
    }

    private void Input(string what, int i, GuardInputKind kind) => Move(what, i, (FenceWorld world, ref GatewayModel _) => Tell(world, i, new GuardInput(kind)));

    private void Move(string what, int i, Change change) => Make(what, i, change, counts: true);

    /// <summary>It happens, or never does.</summary>
    private void May(string what, int i, Change change) => Make(what, i, change, counts: false);

    private void Make(string what, int i, Change change, bool counts)
    {
        FenceWorld next = _world.Clone();
        change(next, ref next.Gateways[i]);
        // who holds a statement says so at once
        if (next.Gateways[i] is { Statement: StatementState.Held, Guard.Waits: false }) Tell(next, i, new GuardInput(GuardInputKind.Held));
        _tell($"{i} {what}", next, counts);
    }

    private void Fault(bool mayHappen, string what, int i, Action<FenceWorld, int> change) => Spend(mayHappen && rules.Fails, what, i, change);

    private void Err(bool mayHappen, string what, int i, Action<FenceWorld, int> change) => Spend(mayHappen && rules.Errs, what, i, change);

    private void Spend(bool mayHappen, string what, int i, Action<FenceWorld, int> change)
    {
        if (!mayHappen || _world.Faults == 0) return;
        FenceWorld next = _world.Clone();
        next.Faults--;
        change(next, i);
        _tell($"{i} {what}", next, false);
    }

    private delegate void Change(FenceWorld world, ref GatewayModel gateway);
}
