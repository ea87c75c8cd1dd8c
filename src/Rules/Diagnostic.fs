namespace Serverless.Rules

open System.Text

/// One thing that is wrong with the rule files, or worth knowing. Lines and columns count from 1; the end is exclusive.
[<Sealed>]
type Diagnostic internal (finding: Finding) =
    let words = Wording.describe finding.Problem
    let first = finding.File.Position finding.At.Start
    let last = finding.File.Position finding.At.End
    // Kept, so that rendering needs no file that may have changed meanwhile.
    let line = finding.File.Line first.Line

    let nullable (value: string option) : string | null =
        match value with
        | Some value -> value
        | None -> null

    /// Stable for ever: `R020` and the like; docs/rules.md has a paragraph on each.
    member _.Code = words.Code
    member _.Severity = words.Severity
    member _.File = finding.File.Name
    member _.Line = first.Line
    member _.Column = first.Column
    member _.EndLine = last.Line
    member _.EndColumn = last.Column
    member _.Message = words.Message
    member _.Expected = nullable words.Expected
    member _.Found = nullable words.Found
    member _.Mend = nullable words.Mend
    /// What would stand instead of the text from line and column to end line and end column; null where no one thing is right.
    member _.Replacement = nullable (Mending.replacement finding.Problem)
    /// Where the reference explains it.
    member _.Documentation = "docs/rules.md#" + words.Code.ToLowerInvariant()
    member internal _.Problem = finding.Problem

    /// Message, what was expected, what was found and the mend, a line each.
    member _.Text: string =
        [ yield words.Message
          for label, value in [ "expected", words.Expected; "found", words.Found; "help", words.Mend ] do
              match value with
              | Some value -> yield $"{label}: {value}"
              | None -> () ]
        |> String.concat "\n"

    /// All of it with the source line underlined, several lines, none longer than a terminal is wide by much.
    member this.Render() : string =
        let severity =
            match words.Severity with
            | Severity.Error -> "error"
            | Severity.Warning -> "warning"
            | _ -> "info"

        let number = string first.Line
        let margin = String.replicate number.Length " "
        // A window of a long line, with nothing in it that a terminal would obey.
        let from = max 0 (min (first.Column - 1 - 60) (line.Length - 120))
        let shown = line.Substring(from, min 120 (line.Length - from))
        let clean = shown |> String.map (fun c -> if System.Char.IsControl c then ' ' else c)
        let start = first.Column - 1 - from
        let length = (if last.Line = first.Line then last.Column - first.Column else line.Length + 1 - first.Column) |> max 1
        let out = StringBuilder()
        out.Append($"{severity} {words.Code}: {words.Message}\n") |> ignore
        out.Append($"{margin}--> {finding.File.Name}:{first.Line}:{first.Column}\n") |> ignore

        if finding.File.Text.Length > 0 then
            out.Append($"{margin} |\n{number} | {clean.TrimEnd()}\n") |> ignore
            let underline = String.replicate start " " + String.replicate (min length (max 1 (120 - start))) "^"
            out.Append($"{margin} | {underline}\n") |> ignore

        for label, value in [ "expected", words.Expected; "found", words.Found; "help", words.Mend ] do
            match value with
            | Some value -> out.Append($"{margin} = {label}: {value}\n") |> ignore
            | None -> ()

        out.ToString()

    override this.ToString() = $"{this.File}:{this.Line}:{this.Column}: {this.Code}: {this.Message}"
