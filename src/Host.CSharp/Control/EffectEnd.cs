using Serverless.Core;

namespace Serverless.Host.Control;

/// <summary>How carrying out an effect ended, as the kernel and people are told.</summary>
/// <param name="Outcome">What the kernel is told; null: it took the effect back and wants to hear nothing.</param>
/// <param name="Word">`succeeded`, `failed`, `refused`, `withheld`, `deferred`, `infeasible` or `cancelled`.</param>
/// <param name="Reason">In words, where it did not succeed, or not in all.</param>
/// <param name="Resume">What a resume took.</param>
internal sealed record EffectEnd(Outcome? Outcome, string Word, string? Reason, ResumeTimes? Resume = null)
{
    public static EffectEnd Succeeded(ResumeTimes? resume = null) => new(Outcome.Succeeded, "succeeded", Reason: null, resume);

    public static EffectEnd Failed(string reason) => new(Outcome.NewFailedWith(reason), "failed", reason);

    public static EffectEnd Refused(string reason) => new(Outcome.NewRefusedBy(reason), "refused", reason);

    public static EffectEnd Withheld(string reason) => new(Outcome.NewWithheldBy(reason), "withheld", reason);

    public static EffectEnd Deferred(string reason) => new(Outcome.NewDeferredBy(reason), "deferred", reason);

    public static EffectEnd Infeasible(string reason) => new(Outcome.NewInfeasibleFor(reason), "infeasible", reason);

    public static EffectEnd Cancelled { get; } = new(Outcome: null, "cancelled", Reason: null);
}

/// <summary>What the last resume took.</summary>
/// <param name="At">When sessions could attach.</param>
/// <param name="TotalMs">From the statement that asked for it, or from the decision when none did.</param>
internal sealed record ResumeTimes(DateTimeOffset At, double TotalMs, IReadOnlyDictionary<string, double> PhasesMs);
