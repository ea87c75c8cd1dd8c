namespace Serverless.Host.Admin;

/// <summary>`GET /api/databases`.</summary>
/// <param name="Late">Databases that could not be opened yet, and are tried again.</param>
public sealed record DatabasesReply(List<StatusReply> Databases, IReadOnlyList<LateReply>? Late = null);

/// <param name="Since">Since when it is tried, UTC.</param>
/// <param name="Reason">Why the last attempt failed.</param>
public sealed record LateReply(string Name, DateTimeOffset Since, string Reason);

/// <summary>`GET /api/databases/{name}/decisions`: oldest first.</summary>
/// <param name="Now">How things stand now: what is held back, and when the next change can come.</param>
public sealed record DecisionsReply(List<DecisionReply> Decisions, ExplanationReply? Now = null);

/// <summary>`GET /api/databases/{name}/sessions`: in the order of their ids.</summary>
/// <param name="Next">To be given as `after` for the next page; null: there is none.</param>
public sealed record SessionsReply(List<SessionReply> Sessions, uint? Next);

/// <param name="Client">Address and port; null for a Unix socket.</param>
/// <param name="State">`running`, `held`, `idle` (it has a backend connection) or `parked` (it has none).</param>
/// <param name="PinnedBecause">What keeps it on its backend connection, in words; null: nothing.</param>
/// <param name="BackendId">The server's own number of that connection; null: it has none.</param>
public sealed record SessionReply(
    uint Id, string User, string? Client, string? Schema, string State, double IdleSeconds, string? PinnedBecause, uint? BackendId);

/// <summary>How things stand at an instant.</summary>
/// <param name="Next">The first change to come if everything stays as it is; null when an effect is in flight, or nothing changes within the hour.</param>
/// <param name="Lines">All of it in words.</param>
public sealed record ExplanationReply(DateTimeOffset At, string Phase, IReadOnlyList<RuleStandingReply> Rules, NextChangeReply? Next, IReadOnlyList<string> Lines);

/// <summary>How a rule stands.</summary>
/// <param name="Action">What it asks for: `resize up 50%`.</param>
/// <param name="Says">`proposes`, `waits`, or `rests`: it is for another phase.</param>
/// <param name="Seen">Its condition with the values that were seen, in words.</param>
/// <param name="FiresAt">When it proposes first if everything stays as it is; null: not within the hour.</param>
/// <param name="If">What must stay for that, in words; may be empty.</param>
public sealed record RuleStandingReply(string Rule, string Action, string Says, IReadOnlyList<string> Seen, DateTimeOffset? FiresAt, string If);

/// <param name="Proposal">In words: `resize to 2cu`.</param>
/// <param name="By">Names of the rules or built-in reasons.</param>
public sealed record NextChangeReply(DateTimeOffset At, string Proposal, IReadOnlyList<string> By);

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
