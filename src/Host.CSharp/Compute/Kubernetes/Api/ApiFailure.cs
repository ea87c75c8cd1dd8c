namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>How a call failed, as far as a caller can act on it.</summary>
internal enum ApiFailure
{
    /// <summary>No connection, or it broke: whether a write was carried out is not known.</summary>
    Unreachable,

    /// <summary>No answer within the time limit: whether a write was carried out is not known.</summary>
    TimedOut,

    /// <summary>The server cannot answer now (5xx).</summary>
    Unavailable,

    /// <summary>429: too much is asked of the server.</summary>
    TooManyRequests,

    /// <summary>Credentials could not be had (an exec plugin, a token file).</summary>
    NoCredentials,

    /// <summary>401: it does not know us.</summary>
    Unauthorized,

    /// <summary>403: by RBAC, or by what else may refuse (a quota, an admission webhook, a policy); the message says which.</summary>
    Forbidden,

    NotFound,

    /// <summary>409: the object is not what it was when it was read.</summary>
    Conflict,

    /// <summary>409: there is one of that name.</summary>
    AlreadyExists,

    /// <summary>410: the version, or the rest of a list, is no longer to be had.</summary>
    Gone,

    /// <summary>400, 422: the server does not take it as it is.</summary>
    Invalid,

    /// <summary>The answer is not what the API should say.</summary>
    Malformed,

    /// <summary>The answer is larger than what is taken.</summary>
    TooLarge,

    Other,
}
