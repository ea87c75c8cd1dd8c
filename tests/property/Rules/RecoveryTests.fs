module Serverless.Tests.Property.Rules.RecoveryTests

open NUnit.Framework
open Serverless.Rules
open Serverless.Tests.Property.Rules.Compiling

let private where (set: RuleSet) = [ for found in set.Diagnostics -> found.Code, found.Line, found.Column ]

[<Test>]
let ``every declaration that does not parse is reported, and the others are still checked`` () =
    let set =
        compile (
            sized "rule a on running { when do suspend }\nrule b on running { when cpuu > 5% do suspend }\n  rule c on { when cpu > 5% do suspend }\nforbid nothing"
        )

    equal [ "R001", 2, 26; "R020", 3, 26; "R001", 4, 13; "R001", 5, 8 ] (where set)

[<Test>]
let ``a missing brace costs no more than its own rule`` () =
    let set = compile (sized "rule a on running { when idle > 5m do suspend\nrule b on running { when idle > 5 do suspend }")
    equal [ "R001", 3, 1; "R030", 3, 33 ] (where set)

[<Test>]
let ``a name whose declaration does not parse is no second error where it is used`` () =
    let set =
        compile (
            sized "schedule office = mon..\nlet busy = cpu >\nmetric backup : flag every\nrule a on running { when (office or busy or backup) and during office do suspend }"
        )

    equal [ "R001"; "R001"; "R001" ] (codes set)

[<Test>]
let ``a policy header that does not parse still separates its declarations from those above`` () =
    equal [ "R001" ] (compile "size 1cu .. 2cu\npolicy other zone Berlin\nsize 1cu .. 2cu" |> codes)

[<Test>]
let ``errors of all files are reported together, in the order of the files`` () =
    let set =
        RuleFiles.Compile
            [ RuleFile("b.rules", "rule x on running { when idle > 5 do suspend }")
              RuleFile("a.rules", "size 1cu .. 2cu\nrule y on running { when idle >= 5q do suspend }") ]

    equal [ "a.rules", "R010"; "b.rules", "R030" ] [ for found in set.Diagnostics -> found.File, found.Code ]

[<Test>]
let ``errors in scenarios and properties are reported with all others, and cost no other declaration`` () =
    let set =
        compile (
            sized "scenario \"braces } in strings\" {\n  # and in } comments\n  size = { }\n}\nproperty calm = at most 8\n  resizes per 10m\nrule a on running { when idle > 5 do suspend }"
        )

    equal [ "R001", 4; "R001", 7; "R030", 8 ] [ for found in set.Diagnostics -> found.Code, found.Line ]

[<Test>]
let ``a set with more problems than anybody reads shows the first errors and says how many more there are`` () =
    let rules = String.concat "\n" [ for i in 1..700 -> $"let unused{i} = cpu > 5%%\nrule r{i} on running {{ when idle > 5 do suspend }}" ]
    let set = compile (sized rules)
    equal 501 set.Diagnostics.Count
    equal "R008" set.Diagnostics[500].Code
    equal 500 (set.Diagnostics |> Seq.filter (fun found -> found.Code = "R030") |> Seq.length)

[<Test>]
let ``any number of warnings leaves a set valid`` () =
    let lets = String.concat "\n" [ for i in 1..700 -> $"let unused{i} = cpu > 5%%" ]
    Assert.That((compile (sized lets)).IsValid, Is.True)
