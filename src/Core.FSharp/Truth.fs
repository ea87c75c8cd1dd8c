namespace Serverless.Core

/// Three-valued (Kleene) truth. A missing or stale sample is Unknown.
[<Struct; RequireQualifiedAccess>]
type internal Truth =
    | False
    | Unknown
    | True

module internal Truth =
    let ofBool value = if value then Truth.True else Truth.False

    let negate =
        function
        | Truth.True -> Truth.False
        | Truth.Unknown -> Truth.Unknown
        | Truth.False -> Truth.True

    /// False when one is; else Unknown when one is.
    let both a b =
        match a, b with
        | Truth.False, _
        | _, Truth.False -> Truth.False
        | Truth.True, Truth.True -> Truth.True
        | _ -> Truth.Unknown

    /// True when one is; else Unknown when one is.
    let either a b = negate (both (negate a) (negate b))
