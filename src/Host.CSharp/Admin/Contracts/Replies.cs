namespace Serverless.Host.Admin;

/// <summary>`GET /api/databases`.</summary>
public sealed record DatabasesReply(List<StatusReply> Databases);

/// <summary>`GET /api/databases/{name}/decisions`: oldest first.</summary>
public sealed record DecisionsReply(List<DecisionReply> Decisions);

/// <summary>A decision that began something, or changed what is proposed and what is blocked.</summary>
/// <param name="Effect">`suspend`, `resume`, `resize`, or null: nothing was begun.</param>
/// <param name="Size">Size of the effect.</param>
/// <param name="Because">Names of the rules or built-in reasons.</param>
/// <param name="Text">The whole of it in words.</param>
public sealed record DecisionReply(
    DateTimeOffset At, long Revision, string Phase, string? Effect, SizeReply? Size, IReadOnlyList<string> Because,
    IReadOnlyList<ReasonReply> Reasons, IReadOnlyList<BlockedReply> Blocked, IReadOnlyList<string> Warnings, string Text);

/// <param name="Seen">The values that were seen, in words.</param>
public sealed record ReasonReply(string By, string Proposal, IReadOnlyList<string> Seen);

/// <summary>Body of every error of the API.</summary>
public sealed record ErrorReply(string Error);

/// <summary>Body of the commands.</summary>
public sealed record CommandRequest
{
    /// <summary>Size of a resize or resume: compute units with their suffix, like `2cu`.</summary>
    public string? Size { get; init; }
}
