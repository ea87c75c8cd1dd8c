namespace Serverless.Rules

open Serverless.Core

/// A literal that is marked `tune`: what `rules fit` may write instead of it. It behaves as its value everywhere else.
[<Sealed>]
type Tunable internal (name: string, file: SourceText, at: Span, kind: ValueType, value: int64, least: int64, most: int64) =
    let position = file.Position at.Start
    /// Of the rule or let that it stands in, or what it is declared for: `size`, `cooldown`, `forbid`.
    member _.Name: string = name
    member _.File: string = file.Name
    member _.Line: int = position.Line
    /// In UTF-16 code units from 1.
    member _.Column: int = position.Column
    member _.Type: ValueType = kind
    /// As it is written, in the scale of its type; the range includes both ends.
    member _.Value: int64 = value
    member _.Least: int64 = least
    member _.Most: int64 = most
    /// The line that it stands on, without blanks around it.
    member _.SourceLine: string = (file.Line position.Line).Trim()
    member internal _.At: Span = at
