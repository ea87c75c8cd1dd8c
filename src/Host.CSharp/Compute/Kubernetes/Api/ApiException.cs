using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>A call of the Kubernetes API failed. The message is for the user: what was asked of whom, what was found, what to do.</summary>
internal sealed class ApiException : Exception
{
    public ApiException(ApiFailure failure, string message, Exception? inner = null) : base(message, inner) => Failure = failure;

    public ApiFailure Failure { get; }

    /// <summary>The HTTP status; 0: there was no answer.</summary>
    public int Status { get; init; }

    /// <summary>The one word of the server's Status for it: `NotFound`, `Conflict`, `Expired`, …; null: there was none.</summary>
    public string? Reason { get; init; }

    /// <summary>What is wrong in particular, with the field that it is about: which value is invalid, which disruption budget holds an eviction up.</summary>
    public IReadOnlyList<StatusCause> Causes { get; init; } = [];

    /// <summary>How long the server wants to be left alone.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>False: it never got as far as the server, so a write was certainly not carried out.</summary>
    public bool WasSent { get; init; } = true;

    /// <summary>The server does not know the version that was asked for: it is older or newer than all it has.</summary>
    public bool IsVersionUnknown { get; init; }

    /// <summary>The same may succeed later, with nothing changed by us.</summary>
    public bool IsPassing => Failure is ApiFailure.Unreachable or ApiFailure.TimedOut or ApiFailure.Unavailable or ApiFailure.TooManyRequests;
}
