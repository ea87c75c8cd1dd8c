/// What a property says:
///
///     claim = "at" "most" WHOLE kind "per" value
///           | "never" kind { "," kind } [ "when" condition ]
///           | "always" condition [ "when" condition ]
///           | "settles" "within" value
///           | condition "leads" "to" [ "first" ] kind "within" value [ "while" ( "running" | "suspended" ) ]
module internal Serverless.Rules.PropertyParser

open FParsec
open Serverless.Core
open Serverless.Rules.Lexical
open Serverless.Rules.ExpressionParser
open Serverless.Rules.ActionParser

let private atMost: Parser<ClaimNode> =
    pipe3 (word "at" >>. word "most" >>. number) kinds (word "per" >>. value) (fun count kinds per -> AtMostOf(count, kinds, per))

let private given: Parser<Expr option> = opt (word "when" >>. expression)
let private never: Parser<ClaimNode> = pipe2 (word "never" >>. kindList) given (fun kinds given -> NeverOf(kinds, given))
let private always: Parser<ClaimNode> = pipe2 (word "always" >>. expression) given (fun holds given -> AlwaysOf(holds, given))

let private leadsTo: Parser<ClaimNode> =
    let first = opt (word "first") |>> Option.isSome
    let during = opt (word "while" >>. compute)

    pipe5 (expression .>> word "leads" .>> word "to") first kinds (word "within" >>. value) during (fun cause isFirst kinds within during ->
        LeadsToOf(cause, isFirst, kinds, within, during))

let claim: Parser<Located<ClaimNode>> =
    choice [ atMost; never; always; word "settles" >>. word "within" >>. value |>> SettlesOf; leadsTo ] |> spanned
