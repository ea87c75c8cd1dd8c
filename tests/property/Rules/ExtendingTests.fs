/// Policies that take over the declarations of others.
module Serverless.Tests.Property.Rules.ExtendingTests

open NUnit.Framework
open Serverless.Core
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private parent = "policy base zone \"Europe/Berlin\"\nsize 0.5cu .. 4cu step 0.5cu\nsize 1cu .. 4cu during office\nschedule office = mon..fri 08:00..19:00\nrule sleep on running { when idle >= 5m and not office do suspend }\nrule grow on running { when avg(cpu, 1m) > 75% do resize up 50% }\nforbid suspend when queries.running > 9\nproperty calm = at most 8 resize per 10m\n"

let private named (name: string) (text: string) : Suite =
    let set = compile text
    Assert.That(set.IsValid, Is.True, set.Render())
    set.Suites |> Seq.find (fun suite -> suite.Policy.Name = name)

let private rules (suite: Suite) = suite.Policy.Rules |> List.map (fun rule -> rule.Name, PolicyText.condition rule.When)

[<Test>]
let ``a policy takes over everything that it does not declare anew`` () =
    let base', prod = named "base" (parent + "policy prod extends base"), named "prod" (parent + "policy prod extends base")
    equal { base'.Policy with Name = "prod"; Revision = prod.Policy.Revision } prod.Policy
    equal (List.ofSeq base'.Properties) (List.ofSeq prod.Properties)

[<Test>]
let ``what is declared anew takes the place of what has its name`` () =
    let prod = named "prod" (parent + "policy prod extends base zone \"UTC\"\nrule sleep on running { when idle >= 1h do suspend }\nsize 2cu .. 8cu step 1cu\nschedule office = daily 09:00..17:00\nproperty calm = at most 2 resize per 1h")
    equal [ "grow", "avg(cpu, 1m) > 75%"; "sleep", "idle >= 1h" ] (rules prod)
    equal [ 2_000L<mcu>, None; 1_000L<mcu>, Some "office" ] [ for bounds in prod.Policy.Bounds -> bounds.Min, bounds.During ]
    equal "UTC" prod.Policy.Zone.Name
    equal [ AtMost(2L, [ ResizeUpAction; ResizeDownAction ], 3_600_000L<ms>) ] [ for property in prod.Properties -> property.Claim ]

[<Test>]
let ``forbids add up`` () =
    let prod = named "prod" (parent + "policy prod extends base\nforbid suspend when queries.running > 9\nforbid resize down")
    equal [ "forbid resize down"; "forbid suspend when queries.running > 9"; "forbid suspend when queries.running > 9" ] [ for forbid in prod.Policy.Forbids -> forbid.Name ]

[<Test>]
let ``without leaves out what has the name`` () =
    let prod = named "prod" (parent + "policy prod extends base without sleep, calm")
    equal [ "grow" ] (rules prod |> List.map fst)
    equal 0 prod.Properties.Count

[<Test>]
let ``scenarios stay with the policy that they test`` () =
    let text = parent + "scenario \"s\" { start 2026-03-02T20:00Z running 1cu expect nothing until 5m }\npolicy prod extends base"
    equal [ 1; 0 ] [ (named "base" text).Scenarios.Count; (named "prod" text).Scenarios.Count ]

[<Test>]
let ``an heir takes over what its parent took over`` () =
    let text = parent + "policy middle extends base without sleep\nrule nap on running { when idle >= 10m do suspend }\npolicy prod extends middle\nrule grow on running { when avg(cpu, 1m) > 60% do resize up 50% }"
    equal [ "grow", "avg(cpu, 1m) > 60%"; "nap", "idle >= 10m" ] (rules (named "prod" text))

[<Test>]
let ``the order of policies and files means nothing`` () =
    let child = "policy prod extends base\nrule sleep on running { when idle >= 1h do suspend }\n"
    let revision files = (RuleFiles.Compile files).Find "prod" |> nonNull |> _.Revision
    let expected = revision [ RuleFile("a", parent + child) ]
    equal expected (revision [ RuleFile("a", child + parent) ])
    equal expected (revision [ RuleFile("a", child); RuleFile("b", parent) ])

[<Test>]
let ``an error in what is taken over is told once, where it stands`` () =
    let set = compile (parent.Replace("idle >= 5m", "idle >= 5") + "policy prod extends base\npolicy test extends prod")
    equal [ "R030" ] (codes set)

[<Test>]
let ``what only an heir uses is used`` () =
    let set = compile "size 1cu .. 2cu\nlet busy = queries.running > 3\nlet unused = 1cu\npolicy prod extends default\nforbid suspend when busy"
    equal [ "R024", 3 ] [ for found in set.Diagnostics -> found.Code, found.Line ]

[<Test>]
let ``an unknown parent is named, and what it would have given is not missed`` () =
    let set = compile "policy default\nsize 1cu .. 2cu\npolicy prod extends defualt"
    equal [ "R020" ] (codes set)
    Assert.That(set.Render(), Does.Contain "did you mean `default`?")

[<Test>]
let ``a policy extends one other`` () =
    let set = RuleFiles.Compile [ RuleFile("a", parent + "policy prod extends base"); RuleFile("b", "policy prod extends base") ]
    equal [ "R023" ] (codes set)

[<Test>]
let ``more than a set may have is refused`` () =
    let lets = String.concat "\n" [ for i in 1..4_000 -> $"forbid suspend when queries.running > {i}" ]
    let heirs = String.concat "\n" [ for i in 1..20 -> $"policy p{i} extends default" ]
    Assert.That(compile ("size 1cu .. 2cu\n" + lets + "\n" + heirs) |> codes, Does.Contain "R085")
