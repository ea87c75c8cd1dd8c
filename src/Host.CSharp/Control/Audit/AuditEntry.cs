using Serverless.Core;
using Serverless.Host.Control.Policies;

namespace Serverless.Host.Control.Audit;

/// <summary>An input that changed the state or began something, and what came of it.</summary>
/// <param name="Before">The state that it met: a file that begins with this entry begins with this state.</param>
/// <param name="Rules">The rule files in force at the step, the input's own when it changes them.</param>
/// <param name="RulesBefore">Those that <paramref name="Before"/> was made under.</param>
/// <param name="IsNew"><paramref name="Before"/> is not what became of the entry before: it was kept by another gateway.</param>
internal sealed record AuditEntry(State Before, PolicySource RulesBefore, PolicySource Rules, Input Input, Decision Decision, bool IsNew = false);
