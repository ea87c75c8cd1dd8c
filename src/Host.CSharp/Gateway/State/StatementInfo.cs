namespace Serverless.Host.Gateway.State;

/// <summary>What the classifier found in one statement text. A plain value: it may be kept beside a prepared statement and used at each execute.</summary>
public readonly struct StatementInfo
{
    public StatementInfo(StatementKind kind, StatementTraits traits, ulong killTarget = 0, int killTargetOffset = 0, int killTargetLength = 0)
    {
        Kind = kind;
        Traits = traits;
        KillTarget = killTarget;
        KillTargetOffset = killTargetOffset;
        KillTargetLength = killTargetLength;
    }

    public StatementKind Kind { get; }

    public StatementTraits Traits { get; }

    /// <summary>The connection id that KILL names, when KillsQuery or KillsConnection is set without KillsOtherwise.</summary>
    public ulong KillTarget { get; }

    /// <summary>Where that number stands in the text, in bytes, so that it can be replaced.</summary>
    public int KillTargetOffset { get; }

    public int KillTargetLength { get; }

    /// <summary>It has any of these traits.</summary>
    public bool Has(StatementTraits any) => (Traits & any) != 0;

    /// <summary>It may be one of those for which <see cref="SessionState"/> wants to see the text when it starts.</summary>
    public bool NeedsText => Has(SessionState.TraitsThatNeedText);

    public override string ToString() => $"{Kind} ({Traits})";
}
