namespace Serverless.Rules

open Serverless.Core

/// What a property says of every run of its policy. It is broken only by what is known: a condition that is unknown breaks nothing.
type Claim =
    /// Never more than so many of these actions begin within any stretch of this length.
    | AtMost of count: int64 * kinds: ActionKind list * per: int64<ms>
    /// None of these actions begins while the condition is true.
    | NeverWhen of kinds: ActionKind list * given: Condition
    /// The first condition is not false while the second is true.
    | AlwaysHolds of holds: Condition * given: Condition
    /// Once the cause becomes true one of these actions begins within this time, unless the cause ends before; `isFirst`: and no other action
    /// before it. `during`: causes that become true while the compute is in the other state do not count.
    | LeadsTo of cause: Condition * isFirst: bool * kinds: ActionKind list * within: int64<ms> * during: Compute option
    /// Under a load that does not change, sizes and phases stop changing within this time.
    | SettlesWithin of int64<ms>

/// A property of a policy.
type Property =
    { Name: string
      Claim: Claim
      Origin: Origin }
