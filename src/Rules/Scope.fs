namespace Serverless.Rules

open System.Collections.Generic
open Serverless.Core

/// What an expression stands for.
type internal Meaning =
    | Amount of ValueType * Term
    | Holds of Condition

/// A meaning with how large and how deep it is when all its lets are written out.
type internal Checked =
    { Meaning: Meaning
      Parts: int
      Depth: int
      /// Lets within lets.
      Level: int }

type internal LetState =
    | Unchecked
    | UnderWay
    | Done of Checked option

[<Sealed>]
type internal LetEntry(file: SourceText, name: Name, body: Expr) =
    member _.File = file
    member _.Name = name
    member _.Body = body
    member val State = Unchecked with get, set

/// A literal marked `tune`, with the range that is searched.
type internal TunedLiteral =
    { In: SourceText
      At: Span
      Type: ValueType
      Value: int64
      Least: int64
      Most: int64 }

/// A list of names that is made again only when names were added.
[<Sealed>]
type internal NameList() =
    let mutable count = 0
    let mutable names: string list = []

    member _.Of(source: ICollection<string>) : string list =
        if source.Count <> count then
            count <- source.Count
            names <- source |> Seq.truncate 500 |> List.ofSeq

        names

/// The names of one policy, which of them are used, and where problems go. Lives as long as one policy is checked.
[<Sealed>]
type internal Scope(report: Finding -> unit) =
    let used = HashSet<string>()
    let metricNames = NameList()
    let scheduleNames = NameList()
    let letNames = NameList()

    member val Metrics = Dictionary<string, Metric>() with get
    member val Schedules = HashSet<string>() with get
    member val Lets = Dictionary<string, LetEntry>() with get
    /// Names whose declaration is wrong: using them is no second error.
    member val Broken = HashSet<string>() with get
    /// Marks `tune`, by where their literal stands.
    member val Tuned = Dictionary<struct (string * int), TunedLiteral>() with get
    /// What is being checked, where it is not for a search to change.
    member val Untunable: string option = None with get, set

    /// Checks what no search may change.
    member this.Untuned(what: string option, check: unit -> 'a) : 'a =
        let around = this.Untunable
        this.Untunable <- what
        let result = check ()
        this.Untunable <- around
        result

    /// The lets that are being checked, innermost first.
    member val Path: string list = [] with get, set

    member _.Use(name: string) = used.Add name |> ignore
    member _.IsUsed(name: string) = used.Contains name

    member _.Report(file: SourceText, at: Span, problem: Problem) =
        report { File = file; At = at; Problem = problem }

    /// Names to suggest from, by what they stand for; all findings share these lists.
    member this.MetricNames: string list = metricNames.Of this.Metrics.Keys
    member this.ScheduleNames: string list = scheduleNames.Of this.Schedules
    member this.LetNames: string list = letNames.Of this.Lets.Keys
