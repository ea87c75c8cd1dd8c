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

    /// <summary>Why the database is not as somebody would expect, in words; null: it is.</summary>
    /// <param name="now">As <see cref="DatabaseController.Now"/>.</param>
    public string? Reason(StateView view, long now)
    {
        if (view.PausedBy is { } by)
        {
            return $"paused by {by}";
        }

        if (view.LastError is { } error)
        {
            string retry = view.RetryAt - now is { } left and > 0 ? $"; tried again in {left / 1000.0:0.#} s" : "";
            return $"{(view.Failures > 1 ? $"{view.Failures} times in a row: " : "")}{error}{retry}";
        }

        return LastEffect is { Outcome: "refused", Reason: { } refused, Effect: var effect } ? $"{effect} refused: {refused}" : view.Note;
    }
}

/// <param name="Outcome">`underway`, or how it ended.</param>
internal sealed record EffectReport(string Effect, DateTimeOffset At, string Outcome, string? Reason);
