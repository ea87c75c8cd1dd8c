namespace Serverless.Rules

open System
open System.Globalization

/// Text from elsewhere in a message: short, and nothing in it that a terminal would obey.
[<AbstractClass; Sealed>]
type Printable =
    static member private IsPlain(c: char) =
        match Char.GetUnicodeCategory c with
        | UnicodeCategory.Control
        | UnicodeCategory.Format
        | UnicodeCategory.LineSeparator
        | UnicodeCategory.ParagraphSeparator -> false
        | _ -> true

    /// At most so many UTF-16 code units, and a sign where there were more.
    static member Of(text: string, longest: int) : string =
        let shown = if text.Length > longest then text.Substring(0, longest) + "…" else text
        if String.forall Printable.IsPlain shown then shown else String.map (fun c -> if Printable.IsPlain c then c else '\u00B7') shown
