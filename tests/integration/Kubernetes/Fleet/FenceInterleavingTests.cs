using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <summary>
/// Two gateways under every order of statements, suspends, crashes, and answers of the API that are lost, late or never sent: no gate is open and nothing runs while the compute is scaled to zero, and
/// from everywhere all that waits can come to its turn without a fault, a new start, another statement or another suspend, and without a write that nobody waits for any more.
/// </summary>
internal sealed class FenceInterleavingTests
{
    private const int MostWorlds = 8_000_000;
    private const string Large = "Large";

    /// <param name="faults">Crashes, lost answers, lost Leases and suspends taken back, in all.</param>
    /// <param name="suspends">That gateways propose, whoever of them.</param>
    /// <param name="first">Statements that are given to the gateway that proposes first.</param>
    /// <param name="second">Those of the other.</param>
    [TestCase(0, 1, 0, 1)]
    [TestCase(0, 1, 1, 0)]
    [TestCase(0, 1, 1, 1, Category = Large)]
    [TestCase(1, 1, 0, 0)]
    [TestCase(1, 1, 0, 1, Category = Large)]
    [TestCase(1, 1, 1, 0, Category = Large)]
    [TestCase(2, 1, 0, 0, Category = Large)]
    [TestCase(0, 2, 0, 0)]
    public void Suspend_ThatGatewaysAgreeOn_StopsNothingInUse_AndHoldsNothingForEver(int faults, int suspends, int first, int second) => Holds(new FenceRules(), FenceWorld.Begin, faults, suspends, first, second);

    /// <summary>The compute is woken first, by a statement.</summary>
    [TestCase(0, 1, 1, 0)]
    [TestCase(0, 1, 0, 1)]
    [TestCase(1, 0, 1, 0)]
    [TestCase(1, 1, 1, 0, Category = Large)]
    public void Suspend_AfterAWake_StopsNothingInUse_AndHoldsNothingForEver(int faults, int suspends, int first, int second) => Holds(new FenceRules(), FenceWorld.BeginAsleep, faults, suspends, first, second);

    [TestCase(0, 1, 0, 1)]
    [TestCase(0, 1, 1, 1, Category = Large)]
    [TestCase(1, 1, 0, 0, Category = Large)]
    public void Suspend_ByAnOperator_StopsNothingInUse_AndHoldsNothingForEver(int faults, int suspends, int first, int second) => Holds(new FenceRules { IsPatient = true }, FenceWorld.Begin, faults, suspends, first, second);

    [TestCase(1, 1, 0, 0)]
    [TestCase(1, 1, 0, 1, Category = Large)]
    [TestCase(2, 1, 0, 0, Category = Large)]
    public void Suspend_WithGatewaysThatErr_StopsNothingInUse_AndHoldsNothingForEver(int faults, int suspends, int first, int second) => Holds(new FenceRules { Fails = false, Errs = true }, FenceWorld.Begin, faults, suspends, first, second);

    [TestCaseSource(nameof(Mutations))]
    public void FenceThatIsBroken_IsFound(string expected, FenceRules broken, Func<byte, byte, byte, byte, FenceWorld> begin, int faults, int suspends, int first, int second)
    {
        PassOverLarge();
        Exploration exploration = FenceExplorer.Explore(broken, begin((byte)faults, (byte)suspends, (byte)first, (byte)second), MostWorlds);
        TestContext.Out.WriteLine($"{exploration.Worlds} worlds\n{exploration.Found}");
        Assert.That(exploration.Found, Does.StartWith(expected));
    }

    private static void Holds(FenceRules rules, Func<byte, byte, byte, byte, FenceWorld> begin, int faults, int suspends, int first, int second)
    {
        PassOverLarge();
        Exploration exploration = FenceExplorer.Explore(rules, begin((byte)faults, (byte)suspends, (byte)first, (byte)second), MostWorlds);
        TestContext.Out.WriteLine($"{exploration.Worlds} worlds, {exploration.Moves} moves");
        Assert.That(exploration.Found, Is.Null);
    }

    private static void PassOverLarge()
    {
        if (TestContext.CurrentContext.Test.Properties["Category"].Contains(Large) && Environment.GetEnvironmentVariable("SERVERLESS_TEST_LONG") is not "1")
        {
            Assert.Ignore("SERVERLESS_TEST_LONG is not 1: hundreds of thousands of worlds take minutes, and say something new after a change of the fence alone.");
        }
    }

    private static IEnumerable<TestCaseData> Mutations()
    {
        const string Open = "the gate of", Stuck = "nothing that can be counted on";
        yield return Case(Open, "TheGateOpensOnWhatIsHeard", Guard((state, input) => input is { Kind: GuardInputKind.Heard, View.IsFree: true } && state is { Phase: GuardPhase.Drained or GuardPhase.Shut, IsMember: true, IsServing: true }
            ? (state with { Phase = GuardPhase.Open }, GuardCommands.OpenGate)
            : null), faults: 1, first: 0, second: 0);
        yield return Case(Open, "TheGateOpensBeforeTheAnswerToItsWithdrawal", Guard((state, input) => input.Kind == GuardInputKind.Held && state.Phase == GuardPhase.Drained
            ? (state with { Phase = GuardPhase.Open, Waits = true, Question = GuardQuestion.Withdraw }, GuardCommands.OpenGate | GuardCommands.Withdraw)
            : null));
        yield return Case(Open, "ItPromisesBeforeItIsDrained", Guard((state, input) => input is { Kind: GuardInputKind.Heard } && GateGuard.Step(state, input) is var (next, then) && then.HasFlag(GuardCommands.Drain)
            ? (next, then | GuardCommands.Promise)
            : null));
        yield return Case(Open, "AnAnswerFromBeforeThePromiseIsListenedTo", Guard((state, input) => GateGuard.Step(state, input) is var (next, then) && then.HasFlag(GuardCommands.Promise)
            ? (next with { Question = state.Question }, then & ~GuardCommands.Disown)
            : null), suspends: 2, first: 0).SetCategory(Large);
        yield return Case(Open, "WhatWasAskedAheadIsRememberedWithoutALease", Guard((state, input) => input.Kind == GuardInputKind.Expelled && GateGuard.Step(state, input) is var (next, then)
            ? (next with { IsFreed = state.IsFreed }, then)
            : null), faults: 1, first: 0, begin: FenceWorld.BeginAsleep);
        yield return Case(Open, "AStopIsNotBoundToAVersion", new FenceRules { BindsStops = false });
        yield return Case(Open, "TheIntentIsNotLookedForBeforeTheStop", new FenceRules { LooksForIntent = false });
        yield return Case(Open, "GatewaysAreListedBeforeTheIntentIsWritten", new FenceRules { ListsAfterPublishing = false }, faults: 1, first: 0, second: 0);
        yield return Case(Open, "AGatewayThatIsNotHeardOfIsTakenToBeIdle", new FenceRules { WaitsForAll = false });
        yield return Case(Open, "WhoLeftOnceIsNotWaitedFor", new FenceRules { ListsAgain = false }, faults: 1, first: 0, second: 0);
        yield return Case(Open, "TheGateOpensBeforeTheLeaseIsThere", new FenceRules { JoinsFirst = false }, faults: 1, first: 0, second: 0);
        yield return Case("a statement of", "WhatRunsWithoutALeaseIsLetGoOn", Guard((state, input) => input.Kind == GuardInputKind.Expelled && GateGuard.Step(state, input) is var (next, then)
            ? (next, then & ~GuardCommands.CloseGate)
            : null), faults: 1, first: 0);
        yield return Case(Open, "AnIdIsUsedAgain", new FenceRules { HasFreshIds = false }, suspends: 2, first: 0);
        yield return Case(Stuck, "AStatementAfterThePromiseTakesNothingBack", Guard((state, input) => input.Kind is GuardInputKind.Held or GuardInputKind.Retry or GuardInputKind.Overdue && state.Phase == GuardPhase.Drained
            ? (state with { Waits = state.Waits || input.Kind == GuardInputKind.Held }, GuardCommands.None)
            : null), faults: 1, first: 0).SetCategory(Large);
        yield return Case(Stuck, "TheIntentOfADeadLeaderIsNeverOver", Guard((state, input) => input.Kind == GuardInputKind.Overdue ? (state, GuardCommands.None) : null), faults: 1, first: 0, second: 0);
        yield return Case(Stuck, "ARefusalTakesNothingBack", Guard((state, input) => input.Kind is GuardInputKind.DrainRefused or GuardInputKind.Overdue or GuardInputKind.Held && GateGuard.Step(state, input) is var (next, then)
            ? (next with { Question = GuardQuestion.None }, then & ~GuardCommands.Withdraw)
            : input.Kind == GuardInputKind.Retry ? (state, GuardCommands.None) : null));
        yield return Case(Stuck, "NobodyAsksAgainAfterALostAnswer", Guard((state, input) => input.Kind is GuardInputKind.Retry or GuardInputKind.Overdue ? (state, GuardCommands.None) : null), faults: 1, first: 0).SetCategory(Large);
    }

    private static FenceRules Guard(Func<GuardState, GuardInput, (GuardState, GuardCommands)?> broken) => new() { Guard = (state, input) => broken(state, input) ?? GateGuard.Step(state, input) };

    private static TestCaseData Case(string expected, string name, FenceRules broken, int faults = 0, int suspends = 1, int first = 1, int second = 1, Func<byte, byte, byte, byte, FenceWorld>? begin = null) =>
        new TestCaseData(expected, broken, begin ?? FenceWorld.Begin, faults, suspends, first, second).SetName($"FenceThatIsBroken_IsFound_{name}");
}
