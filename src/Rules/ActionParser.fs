/// What a rule does:
///
///     action = "suspend" { "breaking" ( "transactions" | "pinned" "sessions" ) "idle" value }
///            | "resume" [ "at" value ]
///            | "resize" ( "up" value | "down" value | "to" value | "track" term "at" value )
module internal Serverless.Rules.ActionParser

open FParsec
open Serverless.Core
open Serverless.Rules.Lexical
open Serverless.Rules.ExpressionParser

let private breaking: Parser<Located<Broken> * Expr> =
    let what = (word "transactions" >>% Transactions) <|> (word "pinned" >>. word "sessions" >>% PinnedSessions)
    word "breaking" >>. spanned what .>> word "idle" .>>. value

let private resize: Parser<ActionNode> =
    choice
        [ word "up" >>. value |>> fun by -> ResizeByNode(true, by)
          word "down" >>. value |>> fun by -> ResizeByNode(false, by)
          word "to" >>. value |>> ResizeToNode
          word "track" >>. tracked .>> word "at" .>>. value |>> TrackNode ]

let action: Parser<Located<ActionNode>> =
    choice
        [ word "suspend" >>. many breaking |>> SuspendNode
          word "resume" >>. opt (word "at" >>. value) |>> ResumeNode
          word "resize" >>. resize ]
    |> spanned

/// What a `forbid` names: `resize` alone is both directions.
let kinds: Parser<Located<ActionKind list>> =
    choice
        [ word "suspend" >>% [ SuspendAction ]
          word "resume" >>% [ ResumeAction ]
          word "resize"
          >>. choice
                  [ word "up" >>% [ ResizeUpAction ]
                    word "down" >>% [ ResizeDownAction ]
                    preturn [ ResizeUpAction; ResizeDownAction ] ] ]
    |> spanned

/// Several, each kind by itself.
let kindList: Parser<Located<ActionKind> list> =
    sepBy1 kinds (symbol ",")
    |>> List.collect (fun kind -> kind.Value |> List.map (fun one -> { Value = one; At = kind.At }))

/// Which computes something is about.
let compute: Parser<Located<Compute>> = (word "running" >>% OnRunning) <|> (word "suspended" >>% OnSuspended) |> spanned
