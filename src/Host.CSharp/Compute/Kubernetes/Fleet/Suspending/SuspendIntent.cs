using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Fleet.Fence;

namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>The intent to suspend as it stands on a StatefulSet.</summary>
/// <param name="By">The gateway that wrote it.</param>
/// <param name="Process">Its process; null: that is not told.</param>
internal sealed record SuspendIntent(Guid Id, string By, string? Process, SuspendTerms Terms)
{
    /// <summary>When what stands there cannot be read: nobody is broken off, and it is an intent all the same.</summary>
    private static readonly SuspendTerms Gentle = new(ByOperator: false, BreakTransactionsIdle: null, BreakPinnedIdle: null, TimeSpan.FromSeconds(30));

    public string Text => JsonSerializer.Serialize(
        new IntentNote(Id, By, Terms.ByOperator, (long)Terms.Limit.TotalMilliseconds, Process, Milliseconds(Terms.BreakTransactionsIdle), Milliseconds(Terms.BreakPinnedIdle)), IntentJson.Default.IntentNote);

    /// <returns>Null: there is none.</returns>
    public static SuspendIntent? Of(StatefulSet set)
    {
        if (set.Metadata.Annotations.GetValueOrDefault(FleetNames.Suspend) is not { } text)
        {
            return null;
        }

        try
        {
            if (JsonSerializer.Deserialize(text, IntentJson.Default.IntentNote) is { } note && note.Id != Guid.Empty)
            {
                var limit = TimeSpan.FromMilliseconds(Math.Clamp(note.LimitMs, 0, (long)TimeSpan.FromHours(1).TotalMilliseconds));
                return new SuspendIntent(note.Id, note.By, note.Process, new SuspendTerms(note.ByOperator, Span(note.BreakTransactionsIdleMs), Span(note.BreakPinnedIdleMs), limit));
            }
        }
        catch (JsonException)
        {
            // a newer gateway, or somebody's hand
        }

        return new SuspendIntent(new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16)), "somebody", Process: null, Gentle);
    }

    public static FenceView View(StatefulSet set) => Of(set) is { } intent
        ? new FenceView(intent.Id, intent.Terms.ByOperator, IsUp(set))
        : new FenceView(Guid.Empty, IsPatient: false, IsUp(set));

    /// <summary>Why an intent was taken back, as is noted on the StatefulSet; null: nothing is noted of this one.</summary>
    public static string? Refusal(StatefulSet set, Guid id) =>
        set.Metadata.Annotations.TryGetValue(FleetNames.SuspendRefused, out string? text) && text.StartsWith($"{id} ", StringComparison.Ordinal) ? Shown.Of(text[37..]) : null;

    private static bool IsUp(StatefulSet set) => (set.Spec.Replicas ?? 1) > 0 && set.Metadata.DeletionTimestamp is null;

    private static long? Milliseconds(TimeSpan? span) => span is { } value ? (long)value.TotalMilliseconds : null;

    private static TimeSpan? Span(long? milliseconds) => milliseconds is >= 0 and < 1L << 42 ? TimeSpan.FromMilliseconds(milliseconds.Value) : null;
}

/// <summary>As it is written. What may be left out is last; an intent without the rest of it is none that can be read, and its author is not known.</summary>
internal sealed record IntentNote(Guid Id, string By, bool ByOperator, long LimitMs, string? Process = null, long? BreakTransactionsIdleMs = null, long? BreakPinnedIdleMs = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(IntentNote))]
internal sealed partial class IntentJson : JsonSerializerContext;
