/// The formatter: what is written means what was read, comments stand where they stood, and formatting twice is formatting once.
module Serverless.Tests.Property.Rules.FormatTests

open System
open System.IO
open System.Text.RegularExpressions
open System.Text
open FSharp.Reflection
open FsCheck
open FsCheck.FSharp
open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property
open Serverless.Tests.Property.Rules.Compiling
open Serverless.Tests.Property.Rules.Writing

let private source text = SourceText("test.rules", text)

let private formatted (text: string) : string =
    match Formatter.format (source text) with
    | Ok formatted -> formatted
    | Error findings -> failwith $"%s{String.Join('\n', findings |> List.map (fun found -> Diagnostic(found).Render()))}in\n%s{text}"

let private readers = Collections.Generic.Dictionary<Type, obj -> string * objnull[]>()

let private readerOf (kind: Type) : obj -> string * objnull[] =
    match readers.TryGetValue kind with
    | true, reader -> reader
    | _ ->
        let reader =
            if FSharpType.IsUnion kind then
                let tag = FSharpValue.PreComputeUnionTagReader kind
                let cases = FSharpType.GetUnionCases kind |> Array.map (fun case -> case.Name, FSharpValue.PreComputeUnionReader case)

                fun (value: obj) ->
                    let name, fields = cases[tag value]
                    name, fields value
            elif FSharpType.IsRecord kind then
                let fields = FSharpValue.PreComputeRecordReader kind
                fun value -> "", fields value
            elif FSharpType.IsTuple kind then
                let fields = FSharpValue.PreComputeTupleReader kind
                fun value -> "", fields value
            else
                fun value -> string value, [||]

        readers[kind] <- reader
        reader

/// Syntax as text, without its places; numbers as their value has them.
let shape (declarations: Located<Declaration> list) : string =
    let out = StringBuilder()

    let rec write (value: objnull) =
        match value with
        | null -> out.Append "-" |> ignore
        | :? Span -> ()
        | :? string as text -> out.Append('\'').Append(Quantity.normal text).Append('\'') |> ignore
        | value ->
            let name, fields = readerOf (value.GetType()) value
            out.Append(name).Append('(') |> ignore

            for field in fields do
                write field
                out.Append ' ' |> ignore

            out.Append ')' |> ignore

    write (box declarations)
    out.ToString()

let private parsed (text: string) =
    let declarations, findings = FileParser.parse (source text)
    if findings.IsEmpty then Ok declarations else Error(Diagnostic(findings.Head).Render())

/// What is compared: comments in their order, each with how many words and signs stand before it. Parentheses count as well.
let private commentsOf (text: string) =
    let _, _, tokens = FileParser.parseWithTokens (source text)
    let gaps = Comments.gaps text tokens
    [ for index in 0 .. gaps.Length - 1 do for comment in gaps[index].Comments -> index, comment.Text, comment.Placement ]

/// A generated file in one of its layouts.
type Written =
    { Declarations: Located<Declaration> list
      Text: string
      Comments: (int * string) list }

    override this.ToString() = this.Text

let private written: Arbitrary<Written> =
    Gen.map2
        (fun declarations seed ->
            let random = Random(seed: int)
            let writer = Writer random
            let text, comments = declarations |> List.map (fun (declaration: Located<Declaration>) -> writer.Declaration declaration.Value) |> layOut random
            { Declarations = declarations; Text = text; Comments = comments })
        Syntaxes.file
        (Gen.choose (0, Int32.MaxValue))
    |> Arb.fromGen

let private holds (written: Written) =
    let text = written.Text

    match parsed text with
    | Error problem -> failwith $"generated text does not parse:\n{problem}\n{text}"
    | Ok read ->
        equal (shape written.Declarations) (shape read)
        let once = formatted text

        match parsed once with
        | Error problem -> failwith $"formatted text does not parse:\n{problem}\n{once}\nwhich was\n{text}"
        | Ok again ->
            equal (shape read) (shape again)
            equal (commentsOf text) (commentsOf once)
            equal written.Comments [ for tokens, text, _ in commentsOf text -> tokens, text ]
            equal once (formatted once)

[<FsCheck.NUnit.Property(MaxTest = 10_000, EndSize = 40)>]
let ``what is formatted means the same, keeps its comments in their places, and formats to itself`` () = Prop.forAll written holds

[<FsCheck.NUnit.Property(MaxTest = 2_000, Arbitrary = [| typeof<WholeRange> |])>]
let ``the layout of a file has no say in how it is formatted`` (one: int) (other: int) =
    Prop.forAll (Arb.fromGen Syntaxes.file) (fun declarations ->
        // Without comments and empty lines, which are kept, only line ends and blanks differ.
        let words = declarations |> List.map (fun declaration -> (Writer(Random 1)).Declaration declaration.Value)
        let lines seed = (formatted (fst (layOut (Random seed) words))).Split '\n'
        let hasComments seed = not (snd (layOut (Random seed) words)).IsEmpty
        let empty (lines: string[]) = lines |> Array.indexed |> Array.filter (snd >> (=) "") |> Array.map fst
        // Rules of one line each are in columns up to the next empty line.
        let outOfColumns = Array.filter ((<>) "") >> Array.map (fun line -> Regex.Replace(line, "(?<=\S) +", " "))

        if not (hasComments one || hasComments other) then
            if empty (lines one) = empty (lines other) then
                equal (lines one) (lines other)
            else
                equal (outOfColumns (lines one)) (outOfColumns (lines other)))

/// Found by the property above: by chance, a comment of its own would stand where the one above it does.
[<Test>]
let ``a comment below another stays one of its own`` () =
    let text = "rule a on running {\n  when cpu > # x\n               1%\n  do suspend # y\n  # z\n}\n"
    equal (commentsOf text) (commentsOf (formatted text))
    let text = "let x = (# a\n# b\n idle > 5m)\n"
    equal (commentsOf text) (commentsOf (formatted text))

let private folder = Path.Combine(root, "rules")
let files: string[] = Directory.GetFiles(folder, "*.rules", SearchOption.AllDirectories) |> Array.map (fun file -> Path.GetRelativePath(folder, file)) |> Array.sort

[<TestCaseSource(nameof files)>]
let ``every file that is here formats to the same meaning, or does not parse and is reported`` (file: string) =
    let text = File.ReadAllText(Path.Combine(folder, file))

    match Formatter.format (source text), parsed text with
    | Ok once, Ok read ->
        equal (parsed once |> Result.map shape) (Ok(shape read))
        equal (commentsOf text) (commentsOf once)
        equal once (formatted once)
    | Error findings, Error _ -> Assert.That(findings, Is.Not.Empty)
    | _ -> Assert.Fail "the formatter and the parser disagree"

let private becomes (text: string) (expected: string) = Assert.That(formatted text, Is.EqualTo(expected.Replace("\r\n", "\n")))

[<Test>]
let ``rules that are short enough are one line each, aligned with their neighbours`` () =
    becomes
        "rule grow on running{when avg (cpu,1m)>75%   for 30s do resize up 50%}\nrule ram on running { when avg(memory, 1m) > 85% for 1m\n do resize up 1.0cu }\nrule nap on suspended { do resume when office }"
        """rule grow on running  { when avg(cpu, 1m) > 75% for 30s   do resize up 50% }
rule ram on running   { when avg(memory, 1m) > 85% for 1m do resize up 1cu }
rule nap on suspended { do resume when office }
"""

[<Test>]
let ``a rule that is too long is broken by its clauses, and they by their parts`` () =
    becomes
        "let a = idle > 5m\nrule b on running { when cpu > 5% and memory > 5% or threads.running > 100 and queries.running > 100 and (queries.held > 5 or size > 1cu) for 30s until cpu < 1% do resize up 50% priority -5 }\nlet c = a"
        """let a = idle > 5m

rule b on running {
  when cpu > 5% and memory > 5%
    or threads.running > 100 and queries.running > 100 and (queries.held > 5 or size > 1cu)
    for 30s
  until cpu < 1%
  do resize up 50%
  priority -5
}

let c = a
"""

[<Test>]
let ``comments stay behind, above and within what they are about`` () =
    becomes
        "\n\n#  head   \n\n\n\nsize 1cu..2cu # a\nsize 2cu .. 2cu during office # b\n                              # goes on\nrule x on running { # c\n\n when idle > # d\n 5m\n do suspend\n # e\n}\n# about y\nrule y on running { when office do suspend }\n\n# end"
        """#  head

size 1cu .. 2cu                # a
size 2cu .. 2cu during office  # b
                               # goes on

rule x on running {  # c
  when idle >  # d
    5m
  do suspend
  # e
}

# about y
rule y on running { when office do suspend }

# end
"""

[<Test>]
let ``a scenario has a line for each of its lines, with the series aligned and empty lines kept`` () =
    becomes
        "scenario \"s\" { start 2026-03-02T20:00+01:00 running 2cu\n\n\n cpu = 40% for 2m, 40%->2% over 3m\n backup=false for 35m expect nothing until 8m\n\n expect suspend by sleep between 8m..9m\n\n}"
        """scenario "s" {
  start 2026-03-02T20:00+01:00 running 2cu

  cpu    = 40% for 2m, 40% -> 2% over 3m
  backup = false for 35m
  expect nothing until 8m

  expect suspend by sleep between 8m .. 9m
}
"""

[<TestCase("0.50cu", "0.5cu")>]
[<TestCase("1.0cu", "1cu")>]
[<TestCase("007", "7")>]
[<TestCase("0", "0")>]
[<TestCase("0.0%", "0%")>]
[<TestCase("1h00m", "1h")>]
[<TestCase("0h5m", "5m")>]
[<TestCase("0s", "0s")>]
[<TestCase("500m \t cpu", "500m cpu")>]
[<TestCase("60s", "60s")>]
[<TestCase("1024MiB", "1024MiB")>]
[<TestCase("5.0q", "5.0q")>]
[<TestCase("08:00", "08:00")>]
[<TestCase("2026-01-02", "2026-01-02")>]
let ``a literal loses zeros and blanks that say nothing, and keeps its unit`` (text: string) (expected: string) =
    equal expected (Quantity.normal text)

[<Test>]
let ``line ends of all systems and a byte order mark become plain line ends`` () =
    let bytes = Encoding.UTF8.GetBytes "\uFEFFsize 1cu .. 2cu # a\r\n\r\n\r\n# b\rpolicy"
    let file = RuleFiles.Format("a.rules", bytes)
    equal "size 1cu .. 2cu  # a\n\n# b\npolicy\n" file.Text
    Assert.That(file.IsChanged)

[<Test>]
let ``a file that is no UTF-8 is refused, since bytes would be lost`` () =
    let file = RuleFiles.Format("a.rules", Array.append "size 1cu .. 2cu # "B [| 0xE9uy |])
    equal [ "R005" ] [ for found in file.Diagnostics -> found.Code ]
    Assert.That(file.IsChanged, Is.False)

[<Test>]
let ``a file without a declaration keeps its comments`` () =
    equal "" (formatted "")
    equal "" (formatted " \n\n\t")
    equal "# a\n\n# b\n" (formatted "\n# a \n\n\n\n# b")

[<Test>]
let ``the examples of the reference are formatted as they should be written`` () =
    for example in DocumentationTests.examples do
        equal example (formatted example)

let shipped: string[] = files |> Array.filter (fun file -> not (file.StartsWith("bad", StringComparison.Ordinal)))

[<TestCaseSource(nameof shipped)>]
let ``the rules that ship are formatted`` (file: string) =
    let text = File.ReadAllText(Path.Combine(folder, file))
    Assert.That(formatted text, Is.EqualTo text)
