using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>What a proposal makes of what it hears too late, or only once.</summary>
internal sealed class ProposalTests
{
    private static readonly Guid Intent = FenceWorld.Ids[1];

    [Test]
    public void Intent_ThatIsThereAfterItWasGivenUp_IsTakenBack()
    {
        (ProposalState off, ProposalCommands first) = Proposal.Abort(Proposal.Begin(Intent).State);
        (ProposalState state, ProposalCommands then) = Proposal.Published(off);
        Assert.That((first.HasFlag(ProposalCommands.Withdraw), then, state.Phase), Is.EqualTo((true, ProposalCommands.Withdraw, ProposalPhase.Off)), "what took it back may have come before it");
    }

    [Test]
    public void Departure_IsReasonToList_AndTheListSaysWhoIsGone()
    {
        ProposalState waiting = Waiting("a", "b", "c");
        (ProposalState heard, ProposalCommands list) = Proposal.Left(waiting, "b");
        Assert.That((list, heard), Is.EqualTo((ProposalCommands.List, waiting)), "it may have a Lease again, with its gate open");
        (ProposalState listed, ProposalCommands nothing) = Proposal.Listed(heard, [new("a", Intent), new("c", Guid.Empty), new("d", Guid.Empty)]);
        Assert.That(listed.Awaited, Is.EqualTo(new[] { "c" }), "who joined since the first list found the intent");
        Assert.That(nothing, Is.EqualTo(ProposalCommands.None));
        (ProposalState agreed, ProposalCommands agree) = Proposal.Listed(listed, [new("a", Intent), new("d", Guid.Empty)]);
        Assert.That((agreed.Phase, agree), Is.EqualTo((ProposalPhase.Agreed, ProposalCommands.Agree)));
    }

    [Test]
    public void Look_AsksForTheIntentAndForWhoIsThere() =>
        Assert.That(Proposal.Check(Waiting("a")).Commands, Is.EqualTo(ProposalCommands.Ask | ProposalCommands.List));

    private static ProposalState Waiting(params string[] gateways) =>
        Proposal.Listed(Proposal.Published(Proposal.Begin(Intent).State).State, gateways.Select(one => KeyValuePair.Create(one, Guid.Empty))).State;
}
