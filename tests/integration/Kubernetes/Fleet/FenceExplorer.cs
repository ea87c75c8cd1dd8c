using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

/// <param name="Found">What went wrong, and how it came to it; null: nothing can.</param>
internal sealed record Exploration(int Worlds, long Moves, string? Found);

/// <summary>Visits every world that can come about, the nearest first.</summary>
internal static class FenceExplorer
{
    public static Exploration Explore(FenceRules rules, FenceWorld from, int most)
    {
        var moves = new FenceMoves(rules);
        var numbers = new Dictionary<UInt128, int> { [from.Key()] = 0 };
        var origins = new List<(int Before, string How)> { (-1, "") };
        var ways = new List<int[]>();
        var calm = new List<bool> { IsCalm(from) };
        var waiting = new Queue<FenceWorld>([from]);
        long made = 0;
        string? wrong = null;
        while (waiting.TryDequeue(out FenceWorld? world) && wrong is null)
        {
            int number = ways.Count;
            var next = new List<int>();
            moves.Of(world, (how, after, counts) =>
            {
                made++;
                UInt128 key = after.Key();
                if (!numbers.TryGetValue(key, out int known))
                {
                    known = numbers.Count;
                    numbers.Add(key, known);
                    origins.Add((number, how));
                    calm.Add(IsCalm(after));
                    waiting.Enqueue(after);
                    wrong ??= Broken(after) is { } broken ? $"{broken}\n{after}\n{Story(origins, known)}" : null;
                }

                if (counts) next.Add(known);
            });
            ways.Add([.. next]);
            if (numbers.Count > most) throw new InvalidOperationException($"more than {most} worlds: smaller bounds are wanted");
        }

        return new Exploration(numbers.Count, made, wrong ?? (FindStuck(ways, calm) is { } stuck ? $"nothing that can be counted on leads out of this to where all is calm:\n{Story(origins, stuck)}" : null));
    }

    /// <summary>No gate lets statements pass to a compute that is scaled to zero, and none runs there.</summary>
    private static string? Broken(FenceWorld world)
    {
        for (int i = 0; i < 2; i++)
        {
            if (world.Now.IsUp) continue;
            if (world.Gateways[i] is { IsAlive: true, Guard.Phase: GuardPhase.Open or GuardPhase.Draining }) return $"the gate of {i} is open, and the compute is scaled to zero";
            if (world.Gateways[i].Statement == StatementState.Running) return $"a statement of {i} runs, and the compute is scaled to zero";
        }

        return null;
    }

    /// <summary>Every statement had its turn, every gate is as the compute is, and nothing is under way, at the gateways that are there.</summary>
    private static bool IsCalm(FenceWorld world) => world.Gateways.All(one => !one.IsAlive ||
        (one is { Statement: StatementState.None, Proposal: null, Question.Kind: RequestKind.None } && (one.Guard.Phase == GuardPhase.Open) == world.Now.IsUp));

    /// <summary>A world from which no calm one can be reached by what can be counted on.</summary>
    private static int? FindStuck(List<int[]> ways, List<bool> calm)
    {
        var before = new List<int>[ways.Count];
        for (int i = 0; i < ways.Count; i++)
        {
            foreach (int to in ways[i]) (before[to] ??= []).Add(i);
        }

        var reached = new bool[calm.Count];
        var open = new Stack<int>();
        for (int i = 0; i < ways.Count; i++)
        {
            if (calm[i]) open.Push(i);
        }

        while (open.TryPop(out int one))
        {
            if (reached[one]) continue;
            reached[one] = true;
            foreach (int from in before[one] ?? []) open.Push(from);
        }

        int stuck = Array.FindIndex(reached, 0, ways.Count, is_reached => !is_reached);
        return stuck < 0 ? null : stuck;
    }

    private static string Story(List<(int Before, string How)> origins, int number)
    {
        var steps = new Stack<string>();
        for (int at = number; at > 0; at = origins[at].Before) steps.Push(origins[at].How);
        return string.Join('\n', steps.Select((how, i) => $"{i + 1,3}. {how}"));
    }
}
