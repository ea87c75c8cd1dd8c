using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Puts failures into words, and into the kinds that callers tell apart.</summary>
internal static class ApiFailures
{
    private const string VersionTooLarge = "ResourceVersionTooLarge";

    /// <param name="server">Where the answer came from.</param>
    public static ApiException Of(ApiRequest request, string server, HttpStatusCode code, TimeSpan? retryAfter, ReadOnlySpan<byte> body) =>
        Of(request, server, (int)code, retryAfter, Parse(body), body.Length);

    /// <summary>An error inside of a watch, where all that is known is in the status.</summary>
    public static ApiException Of(ApiRequest request, string server, Status status) =>
        Of(request, server, status.Code ?? 0, null, status, 0);

    /// <param name="wasSent">It may have got as far as the server.</param>
    public static ApiException Unreachable(ApiRequest request, string server, Exception cause, bool wasSent) =>
        new(ApiFailure.Unreachable, $"{request}: {(wasSent ? $"the connection to the Kubernetes API server at {server} broke" : $"the Kubernetes API server at {server} cannot be reached")}: {Innermost(cause)}", cause)
        {
            WasSent = wasSent,
        };

    /// <summary>It was to be sent over connections that others, with another certificate or other authorities, have taken the place of.</summary>
    public static ApiException Superseded(ApiRequest request, string server, Exception? cause) =>
        new(ApiFailure.Unreachable, $"{request}: not sent, since the connections to {server} are being replaced", cause) { WasSent = false };

    public static ApiException NoCredentials(ApiRequest request, ComputeException cause) => new(ApiFailure.NoCredentials, $"{request}: {cause.Message}", cause) { WasSent = false };

    public static ApiException TimedOut(ApiRequest request, string server, TimeSpan limit, ApiException? before) =>
        new(ApiFailure.TimedOut, string.Create(CultureInfo.InvariantCulture,
            $"{request}: no answer from the Kubernetes API server at {server} within {limit.TotalSeconds:0.#} s{(before is null ? "" : $" (at first: {before.Message})")}"), before);

    public static ApiException TooLarge(ApiRequest request, string server, long limit) =>
        new(ApiFailure.TooLarge, $"{request}: expected at most {limit} bytes from {server}, found more; what is larger is not read");

    public static ApiException Malformed(ApiRequest request, string server, string what, Exception? cause = null) =>
        new(ApiFailure.Malformed, $"{request}: the answer from {server} is not what a Kubernetes API server says: {what}", cause);

    private static ApiException Of(ApiRequest request, string server, int code, TimeSpan? retryAfter, Status? status, int length)
    {
        ApiFailure failure = Kind(code, status?.Reason);
        string said = status?.Message is { Length: > 0 } message ? Shown.Of(message) : length == 0 ? "nothing more was said" : $"{length} bytes that are no Status";
        retryAfter ??= status?.Details?.RetryAfterSeconds is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        return new ApiException(failure, $"{request}: {server} answered {code}{Word(status?.Reason)}: {said}{Mend(failure, request, status?.Message)}")
        {
            Status = code,
            Reason = status?.Reason,
            Causes = status?.Details?.Causes ?? [],
            RetryAfter = retryAfter,
            IsVersionUnknown = failure == ApiFailure.Gone || (status?.Details?.Causes.Any(cause => cause.Reason == VersionTooLarge) ?? false)
                || status?.Message?.Contains("Too large resource version", StringComparison.Ordinal) == true,
        };
    }

    private static ApiFailure Kind(int code, string? reason) => (code, reason) switch
    {
        (409, "AlreadyExists") => ApiFailure.AlreadyExists,
        (_, "Expired" or "Gone") or (410, _) => ApiFailure.Gone,
        (400 or 422, _) => ApiFailure.Invalid,
        (401, _) => ApiFailure.Unauthorized,
        (403, _) => ApiFailure.Forbidden,
        (404, _) => ApiFailure.NotFound,
        (409, _) => ApiFailure.Conflict,
        (429, _) => ApiFailure.TooManyRequests,
        (>= 500, _) => ApiFailure.Unavailable,
        _ => ApiFailure.Other,
    };

    /// <param name="message">Of a refusal: an authorizer says `cannot VERB resource`, and what else refuses (a quota, a webhook) is not to be mended by a role.</param>
    private static string Mend(ApiFailure failure, ApiRequest request, string? message) => failure switch
    {
        ApiFailure.Forbidden when message?.Contains($"cannot {request.Verb} {(request.Target is null ? "path" : "resource")}", StringComparison.Ordinal) != true => "",
        ApiFailure.Forbidden when request.Target is { } target =>
            $". Allow this account the verb `{request.Verb}` on `{request.ResourceName}` of the API group `{request.Group}`{(target.Space is null ? " in the whole cluster" : $" in the namespace `{target.Space}`")}",
        ApiFailure.Forbidden => $". Allow this account the verb `{request.Verb}` on the path `{request.ResourceName}`",
        ApiFailure.Unauthorized => ". Its credentials are not known there, or no longer valid: renew them",
        _ => "",
    };

    private static string Word(string? reason) => string.IsNullOrEmpty(reason) ? "" : $" ({Shown.Of(reason)})";

    private static Status? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, KubernetesJson.Default.Status) is { Kind: "Status" } status ? status : null;
        }
        catch (JsonException)
        {
            // from a proxy between, or no API server at all
            return null;
        }
    }

    private static string Innermost(Exception failure)
    {
        Exception cause = failure;
        while (cause.InnerException is { } inner && cause is not SocketException)
        {
            cause = inner;
        }

        return Shown.Of(cause == failure ? failure.Message : $"{failure.Message.TrimEnd('.')}: {cause.Message}");
    }
}
