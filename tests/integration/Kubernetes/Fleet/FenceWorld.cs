using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Tests.Integration.Kubernetes.Fleet;

internal enum StatementState : byte { None, Held, Running }

internal enum RequestKind : byte { None, Ask, Withdraw, Publish, List, Stop, Start, Promise }

/// <summary>What was asked of the server: on its way there, or carried out and on its way back.</summary>
/// <param name="IsCurrent">The version that it is bound to, or that was seen, is the StatefulSet's newest still.</param>
/// <param name="Promises">What was listed, by gateway; null: it has no Lease.</param>
internal readonly record struct Request(
    RequestKind Kind, byte By = 0, bool IsDone = false, bool IsCurrent = false, bool Succeeded = false, FenceView View = default, Guid Intent = default, Guid? FirstPromise = null, Guid? SecondPromise = null);

/// <summary>One gateway, what it has asked of the server, and its clients.</summary>
internal struct GatewayModel
{
    public bool IsAlive;
    public bool Joins;
    public GuardState Guard;
    public StatementState Statement;
    public byte Arrivals;
    public Request Question;
    public Request Start;
    public Request Proposing;
    public Guid PromiseUnderWay;
    public ProposalState? Proposal;

    /// <summary>How many of the newest versions it has not heard of.</summary>
    public byte Behind;
}

/// <summary>Two gateways, a StatefulSet, two Leases, and everything that is on its way, at one instant.</summary>
internal sealed class FenceWorld
{
    public static readonly Guid[] Ids = [Guid.Empty, .. Enumerable.Range(1, 6).Select(i => new Guid(i, 0, 0, new byte[8]))];

    public GatewayModel[] Gateways = new GatewayModel[2];
    public Guid?[] Promises = [Guid.Empty, Guid.Empty];

    /// <summary>The versions of the StatefulSet that somebody has yet to hear of, and the newest last.</summary>
    public List<FenceView> Versions = [new(Guid.Empty, IsPatient: false, IsUp: true)];

    /// <summary>Writes that nobody waits for any more, and that may be carried out at any time, or never.</summary>
    public List<Request> Late = [];

    /// <summary>The Lease of a gateway was deleted once, and that may be heard of at any time.</summary>
    public bool[] HasLeft = new bool[2];

    /// <summary>Intents that the compute was scaled to zero for.</summary>
    public ImmutableHashSet<Guid> CarriedOut = [];

    public byte Faults;
    public byte Proposals;
    public byte MostProposals;

    public FenceView Now => Versions[^1];

    public static FenceWorld Begin(byte faults, byte proposals, byte first, byte second)
    {
        var world = new FenceWorld { Faults = faults, Proposals = proposals, MostProposals = proposals };
        for (int i = 0; i < 2; i++)
        {
            world.Gateways[i] = new GatewayModel
            {
                IsAlive = true, Arrivals = i == 0 ? first : second,
                Guard = new GuardState { Phase = GuardPhase.Open, IsMember = true, IsServing = true, Heard = world.Now },
            };
        }

        return world;
    }

    /// <summary>The compute is at zero, and whoever gets a statement wakes it.</summary>
    public static FenceWorld BeginAsleep(byte faults, byte proposals, byte first, byte second)
    {
        FenceWorld world = Begin(faults, proposals, first, second);
        world.Versions = [new FenceView(Guid.Empty, IsPatient: false, IsUp: false)];
        foreach (ref GatewayModel gateway in world.Gateways.AsSpan())
        {
            gateway.Guard = new GuardState { IsMember = true, Heard = world.Now };
        }

        return world;
    }

    public FenceWorld Clone() => new()
    {
        Gateways = [.. Gateways], Promises = [.. Promises], Versions = [.. Versions], Late = [.. Late], HasLeft = [.. HasLeft], CarriedOut = CarriedOut, Faults = Faults, Proposals = Proposals, MostProposals = MostProposals,
    };

    /// <summary>The StatefulSet becomes another one: what is bound to the version before is so no more.</summary>
    public void Write(FenceView view)
    {
        Versions.Add(view);
        for (int i = 0; i < 2; i++)
        {
            ref GatewayModel gateway = ref Gateways[i];
            gateway.Behind++;
            gateway.Start = gateway.Start with { IsCurrent = false };
            gateway.Proposing = gateway.Proposing with { IsCurrent = false };
        }

        for (int i = 0; i < Late.Count; i++) Late[i] = Late[i] with { IsCurrent = false };
    }

    /// <summary>What two worlds have in common when nothing that can happen tells them apart.</summary>
    public UInt128 Key()
    {
        while (Versions.Count > 1 && Versions.Count - 1 > Gateways.Max(gateway => gateway.Behind)) Versions.RemoveAt(0);
        Span<byte> bytes = stackalloc byte[256];
        bytes.Clear();
        int at = 0;
        bytes[at++] = Faults;
        bytes[at++] = Proposals;
        bytes[at++] = (byte)((HasLeft[0] ? 1 : 0) | (HasLeft[1] ? 2 : 0) | CarriedOut.Sum(one => 4 << Number(one)));
        bytes[at++] = (byte)Versions.Count;
        foreach (FenceView view in Versions) bytes[at++] = Byte(view);
        for (int i = 0; i < 2; i++)
        {
            bytes[at++] = Promises[i] is { } promised ? Number(promised) : (byte)99;
            GatewayModel gateway = Gateways[i];
            GuardState guard = gateway.Guard;
            bytes[at++] = (byte)((gateway.IsAlive ? 1 : 0) | (gateway.Joins ? 2 : 0) | (guard.IsMember ? 4 : 0) | (guard.IsServing ? 8 : 0) | (guard.Waits ? 16 : 0) | (guard.IsPatient ? 32 : 0) | (guard.IsFreed ? 64 : 0));
            bytes[at++] = (byte)((int)guard.Phase | ((int)guard.Question << 3));
            bytes[at++] = Number(guard.Intent);
            bytes[at++] = Number(guard.Refused);
            bytes[at++] = Byte(guard.Heard);
            bytes[at++] = (byte)((int)gateway.Statement | (gateway.Arrivals << 3));
            bytes[at++] = gateway.Behind;
            bytes[at++] = Number(gateway.PromiseUnderWay);
            Put(bytes, ref at, gateway.Question);
            Put(bytes, ref at, gateway.Start);
            Put(bytes, ref at, gateway.Proposing);
            if (gateway.Proposal is not { } proposal) continue;
            bytes[at++] = (byte)(200 + (int)proposal.Phase);
            bytes[at++] = Number(proposal.Intent);
            bytes[at++] = (byte)((proposal.Awaited.Contains("0") ? 1 : 0) | (proposal.Awaited.Contains("1") ? 2 : 0));
        }

        foreach (Request late in Late.OrderBy(one => one.Kind).ThenBy(one => one.By).ThenBy(one => Number(one.Intent)).ThenBy(one => one.IsCurrent)) Put(bytes, ref at, late);
        return Mix(bytes[..((at + 7) / 8 * 8)]);
    }

    public override string ToString() => string.Join('\n',
    [
        $"StatefulSet: {string.Join(" -> ", Versions.Select(Text))}   late: {string.Join(", ", Late.Select(Text))}",
        .. Gateways.Select((one, i) =>
            $"gateway {i}: {(one.IsAlive ? "" : "dead ")}{one.Guard.Phase}({Number(one.Guard.Intent)}){(one.Guard.IsServing ? " serving" : "")}{(one.Guard.IsFreed ? " freed" : "")} statement {one.Statement}, promised {(Promises[i] is { } promised ? Number(promised) : "-")}"
            + $", asks {Text(one.Question)}, starts {Text(one.Start)}, proposes {one.Proposal?.Phase}({Number(one.Proposal?.Intent ?? default)}) {Text(one.Proposing)}, behind {one.Behind}, refused {Number(one.Guard.Refused)}"),
    ]);

    private static string Text(FenceView view) => $"{(view.IsUp ? "up" : "zero")}{(view.Intent == Guid.Empty ? "" : $"+intent{Number(view.Intent)}")}";

    private static string Text(Request request) => request.Kind == RequestKind.None ? "-" : $"{request.Kind}{(request.IsDone ? " done" : "")}{(request.IsCurrent ? "" : " old")}";

    /// <summary>Two mixtures of 64 bits, so that two worlds among millions that have the same are not to be expected.</summary>
    private static UInt128 Mix(ReadOnlySpan<byte> bytes)
    {
        ulong one = 0x9E3779B97F4A7C15, two = 0xC2B2AE3D27D4EB4F;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            one = BitOperations.RotateLeft((one ^ word) * 0xFF51AFD7ED558CCD, 31) + word;
            two = BitOperations.RotateLeft((two + word) * 0xC4CEB9FE1A85EC53, 27) ^ (one >> 17);
        }

        one = (one ^ (one >> 33)) * 0xFF51AFD7ED558CCD;
        two = (two ^ (two >> 29)) * 0xC4CEB9FE1A85EC53;
        return new UInt128(one ^ (one >> 33), two ^ (two >> 32));
    }

    private static void Put(Span<byte> bytes, ref int at, Request request)
    {
        bytes[at++] = (byte)((int)request.Kind | (request.By << 4) | (request.IsDone ? 32 : 0) | (request.IsCurrent ? 64 : 0) | (request.Succeeded ? 128 : 0));
        if (request.Kind == RequestKind.None) return;
        bytes[at++] = Byte(request.View);
        bytes[at++] = Number(request.Intent);
        bytes[at++] = request.FirstPromise is { } first ? Number(first) : (byte)99;
        bytes[at++] = request.SecondPromise is { } second ? Number(second) : (byte)99;
    }

    private static byte Byte(FenceView view) => (byte)(Number(view.Intent) | (view.IsPatient ? 16 : 0) | (view.IsUp ? 32 : 0));

    private static byte Number(Guid id) => MemoryMarshal.AsBytes(new ReadOnlySpan<Guid>(in id))[0];
}
