namespace Serverless.Host.Control;

/// <summary>Which of several gateways decides about a database, as the controller of one of them asks. A gateway that is alone has none.</summary>
internal interface ILeading
{
    /// <summary>Called (from any thread, must not block) after anything of this has changed.</summary>
    event Action? Changed;

    /// <summary>Why this gateway does not decide, in words; null: it does.</summary>
    string? WhyNotHere { get; }

    /// <summary>Which time it is that somebody leads: the same value as long as nobody else has led in between.</summary>
    string Term { get; }

    /// <summary>What a leader keeps of the database, as it was last heard of, and the <see cref="Term"/> that it was written in; null: nothing.</summary>
    (string State, string Term)? Kept { get; }

    /// <summary>The same, asked of where it is kept.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    Task<string?> ReadKeptAsync(CancellationToken cancellation);
}
