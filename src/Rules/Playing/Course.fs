namespace Serverless.Rules

open Serverless.Core

/// An action that a policy began. Times of a course are milliseconds since its start.
type Begun =
    { At: int64<ms>
      Kind: ActionKind
      /// The size from then on; for a suspend the size that it had.
      Size: int64<mcu>
      /// Rules, or built-in reasons.
      By: string list
      /// In words: what was proposed by whom, and what they saw.
      Words: string
      /// What the watched conditions were then.
      Truths: bool voption[] }

/// From an instant on.
[<Struct>]
type Standing =
    { At: int64<ms>
      Phase: Phase
      Size: int64<mcu> }

/// What a watched condition is from an instant on; none: unknown.
[<Struct>]
type Truth = { At: int64<ms>; Value: bool voption }

/// Something for the timeline.
type Note =
    { At: int64<ms>
      Words: string
      /// It comes from outside: a series or an event of the scenario.
      IsGiven: bool }

/// What happened when a policy was played in virtual time.
type Course =
    { Length: int64<ms>
      Actions: Begun[]
      /// The first is from the start.
      Standings: Standing[]
      /// By watched condition.
      Truths: Truth[][]
      Notes: Note[]
      /// The kernel was asked so often that the course was cut short at its length.
      IsCut: bool }
