using Serverless.Core;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Policies;

namespace Serverless.Host.Control;

/// <summary>
/// Runs a wake through the kernel once, on a state of its own that nobody keeps, so that the code is compiled before the first client waits for it.
/// </summary>
internal static class Rehearsal
{
    public static void Run(PolicySource rules, TimeProvider time)
    {
        long at = time.GetUtcNow().ToUnixTimeMilliseconds();
        State state = Kernel.Initial(rules.Policy, at);
        Activity held = Inputs.Activity(
            held: 1, running: 0, transactions: 0, pinned: 0, opened: 1, active: 1, unknownPeers: 0, lastEnded: null, transactionsIdle: 0, pinnedIdle: 0, queriesRate: 0, queriesLatency: 0, queriesSince: null);
        Input input = Inputs.ActivityChanged(at, held);
        (_, Decision decision) = Kernel.Step(rules.Policy, state, input);
        new DecisionHistory().Note(rules.Policy, decision);
        AuditLine.Input(new AuditEntry(state, rules, rules, input, decision));
    }
}
