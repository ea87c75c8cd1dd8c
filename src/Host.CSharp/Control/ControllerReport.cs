using Serverless.Core;
using Serverless.Host.Control.Policies;

namespace Serverless.Host.Control;

/// <summary>What a controller tells of itself: one value, replaced as a whole after each step, read from any thread.</summary>
internal sealed record ControllerReport(State State, Decision Decision, PolicySource Rules)
{
    public EffectReport? LastEffect { get; init; }

    public ResumeTimes? LastResume { get; init; }

    public long Starts { get; init; }

    public long Stops { get; init; }

    public long Crashes { get; init; }

    public long Resizes { get; init; }

    public long Refusals { get; init; }

    public long FailedEffects { get; init; }
}

/// <param name="Outcome">`underway`, or how it ended.</param>
internal sealed record EffectReport(string Effect, DateTimeOffset At, string Outcome, string? Reason);
