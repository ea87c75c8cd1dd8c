namespace Serverless.Core

/// A value that was read, or why it could not be: what was expected, what was found, where.
[<Sealed>]
type ReadResult<'a> internal (value: 'a voption, error: string) =
    member _.Ok: bool = value.IsSome
    /// Only when Ok.
    member _.Value: 'a =
        match value with
        | ValueSome found -> found
        | ValueNone -> invalidOp error
    /// Empty when Ok.
    member _.Error: string = error
    member _.Match(ok: System.Func<'a, 'r>, failed: System.Func<string, 'r>) : 'r =
        match value with
        | ValueSome found -> ok.Invoke found
        | ValueNone -> failed.Invoke error

/// The kernel's values as JSON, each on one line. Reading never throws, whatever the text.
[<RequireQualifiedAccess>]
module KernelJson =
    let private readWith (decoder: Decode.Decoder<'a>) (what: string) (text: string) : ReadResult<'a> =
        match JsonParser.parse text |> Result.bind decoder with
        | Ok value -> ReadResult(ValueSome value, "")
        | Error message -> ReadResult(ValueNone, $"{what} cannot be read: {message}")

    /// What a restart needs; windows are left out.
    [<CompiledName("WriteState")>]
    let writeState (state: State) : string = Json.write (StateJson.encode state)

    /// From `writeState`, at the time of the restart. What was in flight is forgotten: observe the compute first.
    [<CompiledName("ReadState")>]
    let readState (policy: Policy) (at: int64<ms>) (text: string) : ReadResult<State> =
        readWith (StateReader.read (Planning.make policy) at) "the state" text

    /// Everything, windows too: the head of a log of inputs.
    [<CompiledName("WriteFullState")>]
    let writeFullState (state: State) : string = Json.write (StateJson.encodeFull state)

    /// From `writeFullState`, under the same policy.
    [<CompiledName("ReadFullState")>]
    let readFullState (policy: Policy) (text: string) : ReadResult<State> =
        readWith (StateReader.readFull (Planning.make policy)) "the full state" text

    [<CompiledName("WriteInput")>]
    let writeInput (input: Input) : string = Json.write (InputJson.encode input)

    [<CompiledName("ReadInput")>]
    let readInput (text: string) : ReadResult<Input> = readWith InputJson.read "the input" text

    [<CompiledName("WriteExplanation")>]
    let writeExplanation (explanation: Explanation) : string = Json.write (ExplanationJson.encode explanation)

    [<CompiledName("WriteDecision")>]
    let writeDecision (decision: Decision) : string = Json.write (DecisionJson.encode decision)

/// Replays a log of inputs.
[<RequireQualifiedAccess>]
module Replay =
    /// The decisions from a state on, and the state they end in.
    [<CompiledName("Run")>]
    let run (policy: Policy) (state: State) (inputs: seq<Input>) : struct (State * System.Collections.Generic.IReadOnlyList<Decision>) =
        let decisions = System.Collections.Generic.List<Decision>()
        let mutable state = state

        for input in inputs do
            let struct (next, decision) = Kernel.step policy state input
            decisions.Add decision
            state <- next

        struct (state, decisions)
