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

/// The way in: compiles rule files from texts, paths or a folder. Never throws on what it reads; whatever is wrong is a diagnostic.
[<AbstractClass; Sealed>]
type RuleFiles =
    /// A file larger than this is refused unread.
    static member LargestFile = 4L * 1024L * 1024L

    static member private Unread(path: string, problem: Problem) : Finding =
        { File = SourceText(path, ""); At = { Start = 0; End = 0 }; Problem = problem }

    static member private Read(path: string) : Result<SourceText, Finding> =
        try
            use file = File.OpenRead path
            let limit = int RuleFiles.LargestFile
            // Read to the limit and not by the length, which devices and files that grow do not tell.
            let buffer = Array.zeroCreate<byte> (int (min (max file.Length 4096L) (int64 limit)) + 1)
            let content = new MemoryStream()
            let mutable count = file.Read(buffer, 0, buffer.Length)

            while count > 0 && content.Length <= int64 limit do
                content.Write(buffer, 0, count)
                count <- file.Read(buffer, 0, buffer.Length)

            if content.Length > int64 limit then
                Error(RuleFiles.Unread(path, FileTooLarge RuleFiles.LargestFile))
            else
                // What is not UTF-8 becomes U+FFFD, which no declaration contains outside of comments and strings.
                use reader = new StreamReader(new MemoryStream(content.ToArray()), UTF8Encoding(false, false))
                Ok(SourceText(path, reader.ReadToEnd()))
        with
        | :? IOException
        | :? UnauthorizedAccessException
        | :? NotSupportedException
        | :? ArgumentException as error -> Error(RuleFiles.Unread(path, Unreadable error.Message))

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
