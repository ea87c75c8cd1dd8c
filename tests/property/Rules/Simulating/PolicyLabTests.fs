/// docs/policy-lab.md is held to what the commands print: each one in it is run, and its output is what stands below it.
module Serverless.Tests.Property.Rules.Simulating.PolicyLabTests

open System
open System.IO
open System.Text.RegularExpressions
open NUnit.Framework
open Serverless.Host.Cli
open Serverless.Tests.Property.Rules.Compiling

let private path = Path.Combine(root, "docs", "policy-lab.md")
let private text = File.ReadAllText path
let private shown = Regex(@"```console\n\$ \./serverless ([^\n]*)\n(.*?)```", RegexOptions.Singleline)

let commands: string[] = [| for found in shown.Matches text -> found.Groups[1].Value |]

/// Blanks at the ends of lines are the table's, and no editor keeps them.
let private trimmed (output: string) = String.Join("\n", output.Split('\n') |> Array.map _.TrimEnd()).Trim('\n')

let private run (command: string) =
    let arguments = command.Split(' ', StringSplitOptions.RemoveEmptyEntries)
    let output, error = new StringWriter(), new StringWriter()
    let before = Environment.CurrentDirectory

    try
        Environment.CurrentDirectory <- root
        let exit = CommandLine.RunAsync(arguments, output, error).GetAwaiter().GetResult()
        exit, trimmed (output.ToString() + error.ToString())
    finally
        Environment.CurrentDirectory <- before

[<Test>]
let ``the tutorial has commands, and their outputs`` () = Assert.That(commands.Length, Is.GreaterThanOrEqualTo 5)

[<TestCaseSource(nameof commands); NonParallelizable>]
let ``a command of the tutorial prints what stands below it`` (command: string) =
    let expected = (shown.Matches text |> Seq.find (fun found -> found.Groups[1].Value = command)).Groups[2].Value
    let exit, output = run command
    Assert.That(output, Is.EqualTo(trimmed expected))
    equal 0 exit

[<Test>]
let ``the same command prints the same bytes`` () =
    let command = "rules simulate rules/examples --load dev --seed 3 --for 7d --price 0.1 --json"
    equal (run command) (run command)
