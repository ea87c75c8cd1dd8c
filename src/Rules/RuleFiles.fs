namespace Serverless.Rules

open System
open System.Collections.Generic
open System.IO
open System.Text

/// A rule file by name, as text.
[<Sealed>]
type RuleFile(name: string, text: string) =
    member _.Name = name
    member _.Text = text

/// A rule file as the formatter writes it, or what keeps it from being read.
[<Sealed>]
type FormattedFile internal (original: string, result: Result<string, Finding list>) =
    let text, findings =
        match result with
        | Ok text -> text, []
        | Error findings -> original, findings

    let diagnostics = findings |> List.map Diagnostic |> Array.ofList

    /// As it was, when it does not parse.
    member _.Text: string = text

    /// As it was; a byte order mark is a part of it.
    member _.Original: string = original

    member _.IsChanged = not (String.Equals(text, original, StringComparison.Ordinal))

    /// Why it is left as it was; empty when it parses.
    member _.Diagnostics: IReadOnlyList<Diagnostic> = diagnostics

    /// All diagnostics rendered, a blank line between them.
    member _.Render() : string =
        String.Join("\n", diagnostics |> Array.map _.Render())

/// The way in: compiles and formats rule files from texts, paths or a folder. Never throws on what it reads; whatever is wrong is a diagnostic.
[<AbstractClass; Sealed>]
type RuleFiles =
    /// A file larger than this is refused unread.
    static member LargestFile = 4L * 1024L * 1024L

    static member private Unread(path: string, problem: Problem) : Finding =
        { File = SourceText(path, ""); At = { Start = 0; End = 0 }; Problem = problem }

    /// Reads to the limit and not by the length, which devices and files that grow do not tell.
    static member private Bytes(name: string, stream: Stream) : Result<byte[], Finding> =
        let limit = RuleFiles.LargestFile
        let buffer = Array.zeroCreate<byte> 65536
        use content = new MemoryStream()
        let mutable count = stream.Read(buffer, 0, buffer.Length)

        while count > 0 && content.Length <= limit do
            content.Write(buffer, 0, count)
            count <- stream.Read(buffer, 0, buffer.Length)

        if content.Length > limit then
            Error(RuleFiles.Unread(name, FileTooLarge limit))
        else
            Ok(content.ToArray())

    static member private Bytes(path: string) : Result<byte[], Finding> =
        try
            use file = File.OpenRead path
            RuleFiles.Bytes(path, file)
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? NotSupportedException
        | :? ArgumentException as error -> Error(RuleFiles.Unread(path, Unreadable error.Message))

    static member private Read(path: string) : Result<SourceText, Finding> =
        RuleFiles.Bytes path
        |> Result.map (fun bytes ->
            // What is not UTF-8 becomes U+FFFD, which no declaration contains outside of comments and strings.
            use reader = new StreamReader(new MemoryStream(bytes), UTF8Encoding(false, false))
            SourceText(path, reader.ReadToEnd()))

    /// Compiles texts that are already in memory.
    static member Compile(files: IEnumerable<RuleFile>) : RuleSet =
        files |> Seq.map (fun file -> SourceText(file.Name, file.Text)) |> List.ofSeq |> Compiler.compile Zones.system []

    /// Compiles these files as one set.
    static member LoadFiles(paths: IEnumerable<string>) : RuleSet =
        let read = paths |> Seq.map RuleFiles.Read |> List.ofSeq
        let texts = read |> List.choose Result.toOption
        let unread = read |> List.choose (function Error finding -> Some finding | Ok _ -> None)
        Compiler.compile Zones.system unread texts

    /// The files of a folder that belong to its set: those that end in `.rules`, not those of folders inside it.
    static member Find(directory: string) : IReadOnlyList<string> =
        let found = Directory.GetFiles(directory, "*.rules")
        Array.Sort(found, StringComparer.Ordinal)
        found

    /// Compiles all `*.rules` of a folder as one set.
    static member Load(directory: string) : RuleSet =
        try
            match RuleFiles.Find directory with
            | found when found.Count = 0 -> Compiler.compile Zones.system [ RuleFiles.Unread(directory, NothingDeclared) ] []
            | found -> RuleFiles.LoadFiles found
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? ArgumentException as error -> Compiler.compile Zones.system [ RuleFiles.Unread(directory, Unreadable error.Message) ] []

    /// Formats what a stream has, up to the largest file.
    static member Format(name: string, stream: Stream) : FormattedFile =
        match RuleFiles.Bytes(name, stream) with
        | Ok content -> RuleFiles.Format(name, content)
        | Error finding -> FormattedFile("", Error [ finding ])

    /// Formats the content of a file. It must be UTF-8 to the last byte: of anything else, bytes would be lost in writing it back.
    static member Format(name: string, content: byte[]) : FormattedFile =
        let withoutMark (text: string) = if text.StartsWith '\uFEFF' then text.Substring 1 else text

        try
            let text = UTF8Encoding(false, true).GetString content
            FormattedFile(text, Formatter.format (SourceText(name, withoutMark text)))
        with :? DecoderFallbackException as error ->
            FormattedFile("", Error [ RuleFiles.Unread(name, Unreadable $"byte {error.Index + 1} is no UTF-8 text") ])

    /// Formats a file, and writes nothing.
    static member FormatFile(path: string) : FormattedFile =
        match RuleFiles.Bytes path with
        | Ok content -> RuleFiles.Format(path, content)
        | Error finding -> FormattedFile("", Error [ finding ])
