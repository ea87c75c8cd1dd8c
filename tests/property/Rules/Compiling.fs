/// Short ways to compile rule text in tests.
module Serverless.Tests.Property.Rules.Compiling

open System.IO
open NUnit.Framework
open Serverless.Core
open Serverless.Rules

/// The folder that holds the solution.
let root: string =
    let rec up (directory: DirectoryInfo) =
        if File.Exists(Path.Combine(directory.FullName, "Serverless.sln")) then
            directory.FullName
        else
            match directory.Parent with
            | null -> failwith "the tests do not run inside of the repository"
            | parent -> up parent

    up (DirectoryInfo System.AppContext.BaseDirectory)

let compile (text: string) : RuleSet = RuleFiles.Compile [ RuleFile("test.rules", text) ]

/// What the policy needs at least, on one line, so that lines in tests count from 2.
let sized (text: string) : string = "size 0.5cu .. 4cu step 0.5cu\n" + text

let codes (set: RuleSet) : string list = [ for found in set.Diagnostics -> found.Code ]

/// The one policy of a text that has nothing wrong but warnings.
let policy (text: string) : Policy =
    let set = compile text
    Assert.That(set.IsValid, Is.True, set.Render())
    set.Policies[0]

/// The condition of a rule that is compiled with nothing else.
let condition (text: string) : Condition =
    (policy (sized $"rule it on running {{ when {text} do suspend }}")).Rules.Head.When

/// The action of a rule on a running compute.
let action (text: string) : RuleAction =
    (policy (sized $"rule it on running {{ when true do {text} }}")).Rules.Head.Action

let equal (expected: 'a) (actual: 'a) : unit when 'a: equality =
    if actual <> expected then
        Assert.Fail $"expected %A{expected}\nbut was  %A{actual}"
