namespace Serverless.Core

/// Three-valued truth. A missing or stale sample is Unknown.
[<Struct; RequireQualifiedAccess>]
type Kleene =
    | False
    | Unknown
    | True

module Kleene =
    let ofBool value = if value then Kleene.True else Kleene.False

    let negate =
        function
        | Kleene.True -> Kleene.False
        | Kleene.Unknown -> Kleene.Unknown
        | Kleene.False -> Kleene.True

    /// False when one is; else Unknown when one is.
    let both a b =
        match a, b with
        | Kleene.False, _
        | _, Kleene.False -> Kleene.False
        | Kleene.True, Kleene.True -> Kleene.True
        | _ -> Kleene.Unknown

    /// True when one is; else Unknown when one is.
    let either a b = negate (both (negate a) (negate b))
