using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Cluster;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Compute.Kubernetes.Fleet.Commands;
using Serverless.Host.Compute.Kubernetes.Fleet.Members;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Gateway;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>Operators' commands given to a gateway that does not lead: carried out by the one that does, or said not to be, and never said to be what they are not.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PassedCommandTests
{
    [Test]
    public async Task Command_AtAGatewayThatDoesNotLead_IsCarriedOutByTheLeader()
    {
        using TemporaryDirectory first = new(), second = new();
        await using FleetRig rig = await FleetRig.StartAsync();
        await using LedDatabase a = await LedDatabase.StartAsync(rig, "a", first);
        await a.UntilAsync(() => a.Leads);
        await using LedDatabase b = await LedDatabase.StartAsync(rig, "b", second);
        await b.UntilAsync(() => b.Database.ReadFleet() is { Leader: "a", Gateways.Count: 2 });
        PassedAnswer paused = await b.Database.Passed!.AskAsync(OperatorCommand.Pause, null, "operator", untilDone: true, default);
        Assert.That((paused.Error, paused.Last!.Paused, a.IsPaused), Is.EqualTo(((string?)null, true, true)));
        await b.Database.FollowAsync(paused.Last, default);
        Assert.That(b.IsPaused, "what was answered is so here too");
        await a.UntilAsync(() => a.Kept?.Contains("operator, at gateway b", StringComparison.Ordinal) == true);
        PassedAnswer wrong = await b.Database.Passed!.AskAsync(OperatorCommand.Resize, "many", "operator", untilDone: true, default);
        Assert.That(wrong.Error, Does.Contain("size: expected compute units"));
        // side by side, each is answered
        PassedAnswer[] all = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => b.Database.Passed!.AskAsync(OperatorCommand.Unpause, null, "operator", untilDone: false, default)));
        Assert.That(all.Select(one => one.Error), Is.All.Null);
        Assert.That(a.IsPaused, Is.False);
        Assert.That(await BoardAsync(rig), Is.Empty, "nothing is left behind");
    }

    [Test]
    public async Task Command_ThatNobodyTakes_IsTakenBack()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        await using var asker = new Asker(rig, takeSeconds: 0.5);
        PassedAnswer answer = await asker.AskAsync(OperatorCommand.Suspend);
        Assert.That(answer.IsOpen, Is.False);
        Assert.That(answer.Error, Does.Contain("taken back, and is not carried out"));
        Assert.That(await BoardAsync(rig), Is.Empty);
    }

    [Test]
    public async Task Command_WhoseTakerDies_IsNotSaidToBeAnything()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        await using var asker = new Asker(rig);
        Task<PassedAnswer> answer = asker.AskAsync(OperatorCommand.Suspend);
        await rig.UntilAsync(() => BoardAsync(rig).Result.Count == 1);
        await asker.Board.ChangeAsync(all => [.. all.Select(one => one with { Stage = CommandStage.Taken, Taker = "x_1" })], default);
        Assert.That((await answer).IsOpen);
        Assert.That((await answer).Error, Does.Contain("gateway x took suspend").And.Contain("not known"));
    }

    [Test]
    public async Task Command_ThatCannotBeWritten_IsSaidNotToBeCarriedOut()
    {
        await using FleetRig rig = await FleetRig.StartAsync();
        await using var asker = new Asker(rig);
        rig.Refuses = context =>
        {
            if (context.Request.Method == "PATCH") context.Response.StatusCode = 403;
            return Task.FromResult(context.Request.Method == "PATCH");
        };
        PassedAnswer answer = await asker.AskAsync(OperatorCommand.Pause);
        Assert.That(answer.IsOpen, Is.False);
        Assert.That(answer.Error, Does.Contain("could not be passed on: it is not carried out"));
    }

    /// <summary>Nobody knows how old it is.</summary>
    [Test]
    public async Task Command_WhoseAskerIsGone_IsNotCarriedOut()
    {
        using TemporaryDirectory home = new();
        await using FleetRig rig = await FleetRig.StartAsync();
        var board = new CommandBoard(rig.Connect("x"), FleetRig.Set, TimeProvider.System);
        var left = new CommandNote(Guid.NewGuid(), "pause", "operator", "x", "x_1", CommandStage.Asked);
        await board.ChangeAsync(_ => [left], default);
        await using LedDatabase a = await LedDatabase.StartAsync(rig, "a", home);
        await a.UntilAsync(() => a.Leads && BoardAsync(rig).Result.Count == 0);
        Assert.That(a.IsPaused, Is.False);
    }

    /// <summary>Its Lease lies there still, and nobody renews it: who begins to watch has just heard of it, and it may be years old.</summary>
    [Test]
    public async Task Command_WhoseAskersLeaseWasLeftBehind_IsNotCarriedOut()
    {
        using TemporaryDirectory home = new();
        await using FleetRig rig = await FleetRig.StartAsync();
        var names = new FleetNames("default");
        using KubernetesApi api = rig.Open("x");
        await api.CreateAsync(Resources.Leases, names.Space, new Lease
        {
            Metadata = new ObjectMeta { Name = names.Gateway("x").Name, Namespace = names.Space, Labels = new Dictionary<string, string> { [FleetNames.FleetLabel] = names.Fleet } },
            Spec = new LeaseSpec { HolderIdentity = "x_1" },
        }, default);
        await new CommandBoard(api, FleetRig.Set, TimeProvider.System).ChangeAsync(_ => [new CommandNote(Guid.NewGuid(), "pause", "operator", "x", "x_1", CommandStage.Asked)], default);
        await using LedDatabase a = await LedDatabase.StartAsync(rig, "a", home);
        await a.UntilAsync(() => a.Leads && BoardAsync(rig).Result.Count == 0);
        Assert.That(a.IsPaused, Is.False);
    }

    [TestCase("")]
    [TestCase("no JSON")]
    [TestCase("""[{"id": "x"}]""")]
    [TestCase("""{"a": [[[[]]]]}""")]
    [TestCase("[{}]")]
    [TestCase("[null]")]
    public void Board_ThatCannotBeRead_HasNoCommands(string text) => Assert.That(CommandNote.Read(new StatefulSet
    {
        Metadata = new ObjectMeta { Name = "db", Annotations = new Dictionary<string, string> { [FleetNames.Commands] = text } },
    }), Is.Empty);

    private static async Task<IReadOnlyList<CommandNote>> BoardAsync(FleetRig rig)
    {
        using KubernetesApi api = rig.Open("reader");
        return CommandNote.Read(await api.GetAsync(Resources.StatefulSets, FleetRig.Set, default));
    }

    /// <summary>A gateway that does not lead, beside none that does.</summary>
    private sealed class Asker : IAsyncDisposable
    {
        private readonly NamespaceWatch _watch;
        private readonly PassedCommands _passed;

        public Asker(FleetRig rig, double takeSeconds = 30)
        {
            KubernetesApi api = rig.Connect("b");
            _watch = new NamespaceWatch(api, "default", DoubleRig.Quick, TimeProvider.System, NullLogger.Instance);
            Board = new CommandBoard(api, FleetRig.Set, TimeProvider.System);
            _passed = new PassedCommands(Board, () => _watch.Look(FleetRig.Set.Name).Set, GatewayIdentity.New("b", owner: null), (_, _) => null, TimeProvider.System)
            {
                TakeLimit = TimeSpan.FromSeconds(takeSeconds), DecideLimit = TimeSpan.FromMilliseconds(500),
            };
        }

        public CommandBoard Board { get; }

        public Task<PassedAnswer> AskAsync(OperatorCommand command) => _passed.AskAsync(command, null, "operator", untilDone: true, default);

        public ValueTask DisposeAsync() => _watch.DisposeAsync();
    }
}
