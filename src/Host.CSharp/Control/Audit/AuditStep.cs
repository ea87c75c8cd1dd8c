using Serverless.Core;

namespace Serverless.Host.Control.Audit;

/// <summary>One input of an audit file, replayed.</summary>
/// <param name="Number">Its line, from 1 on.</param>
/// <param name="Policy">In force at the step.</param>
/// <param name="Before">The state that the input met; the file's own at its first input.</param>
/// <param name="After">The state that the decision led to.</param>
/// <param name="Logged">The decision as the file has it, or `nothing`.</param>
/// <param name="Replayed">The decision as it comes out now, or `nothing`.</param>
internal sealed record AuditStep(int Number, Policy Policy, State Before, Input Input, State After, Decision Decision, string Logged, string Replayed)
{
    /// <summary>What stands for a decision that says nothing.</summary>
    public const string Quiet = "nothing";

    public bool Differs => Logged != Replayed;
}
