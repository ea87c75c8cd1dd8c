namespace Serverless.Core

open System
open System.Collections.Generic

/// What a rule says at an instant, and when it would speak.
type RuleStanding =
    { Rule: string
      /// What it asks for, in words: `resize up 50%`.
      Action: string
      /// `proposes`, `waits` (its condition is not met) or `rests` (it is for another phase).
      Says: string
      /// Its condition with the values seen: `avg(cpu, 60 s) 91% > 75% for 30 s`.
      Seen: string list
      /// When it proposes first if everything stays as it is; none: not within the hour.
      FiresAt: int64<ms> voption
      /// What must stay for that: `cpu stays above 75%`; empty when nothing can come between.
      If: string }

    /// Unix milliseconds; null: not within the hour.
    member standing.FiresAtOrNull: Nullable<int64> =
        match standing.FiresAt with
        | ValueSome at -> Nullable(int64 at)
        | ValueNone -> Nullable()

/// The first effect that begins if everything stays as it is.
type NextChange =
    { At: int64<ms>
      Effect: Effect
      /// In words: `resize to 2cu`.
      Proposal: string
      By: string list }

/// Everything there is to say of a decision at an instant, the same as values and in words.
type Explanation =
    { At: int64<ms>
      Phase: Phase
      Decision: Decision
      Rules: RuleStanding list
      /// None: an effect is in flight, or nothing changes within the hour.
      Next: NextChange voption
      /// A line for each thing to say.
      Lines: IReadOnlyList<string> }

    /// Null when there is none.
    member explanation.NextOrNull: NextChange | null =
        match explanation.Next with
        | ValueSome next -> next
        | ValueNone -> null
