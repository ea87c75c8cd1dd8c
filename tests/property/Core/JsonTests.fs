module Serverless.Tests.Property.Core.JsonTests

open NUnit.Framework
open Serverless.Core
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Policies
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play
open Serverless.Tests.Property.Core.Corpus

[<Many>]
let ``any text comes back as it was written`` (text: string | null) (values: int64 list) =
    let text = match text with null -> "" | text -> text
    let json = Json.Object [ text, Json.List(List.map Json.Int values); "b", Json.Text text; "c", Json.Bool true; "d", Json.Null ]
    JsonParser.parse (Json.write json) = Ok json

[<Many>]
[<Says "K-78">]
let ``garbage is an error and never an exception`` (text: string | null) =
    let text = match text with null -> "" | text -> text
    let policy = policy [] []
    not (KernelJson.readState policy noon text).Ok && not (KernelJson.readInput text).Ok && not (KernelJson.readFullState policy text).Ok

/// Cut off, or with one character of it replaced.
[<OfLives>]
[<Says "K-78">]
let ``a damaged state is an error or a state, and never an exception`` (life: Life) (steps: Step list) : unit =
    let random = System.Random life.Salt
    let last = List.last steps

    for text in [ KernelJson.writeState last.After; KernelJson.writeFullState last.After ] do
        let short = text.Substring(0, random.Next text.Length)
        let at = random.Next text.Length
        let changed = text.Substring(0, at) + string (char (random.Next 0x100)) + text.Substring(at + 1)

        if (KernelJson.readState last.Policy noon short).Ok then failwith "half a state was taken for a state"

        for damaged in [ short; changed ] do
            KernelJson.readState last.Policy noon damaged |> ignore
            let full = KernelJson.readFullState last.Policy damaged
            // What was read can be stepped.
            if full.Ok then Kernel.step last.Policy full.Value { At = noon; Event = Tick } |> ignore

[<OfLives>]
[<Says "K-77">]
let ``the full state comes back as it was written`` (life: Life) (steps: Step list) : unit =
    for step in few life steps do
        let text = KernelJson.writeFullState step.After
        let back = KernelJson.readFullState step.After.Plan.Policy text
        if not back.Ok then failwith back.Error
        demand "the full state changed in writing" step (KernelJson.writeFullState back.Value = text)

[<TestCase("", "the end of the text")>]
[<TestCase("{", "a name in quotes")>]
[<TestCase("""{"at":1.5,"event":"tick"}""", "the end of an integer")>]
[<TestCase("""{"at":"1","event":"tick"}""", "at: expected an integer, found a text")>]
[<TestCase("""{"at":1}""", "expected a field 'event', found none")>]
[<TestCase("""{"at":1,"event":"dance"}""", "'dance' is not known")>]
[<TestCase("""{"at":1,"event":"tick"} x""", "the end of the text, ")>]
let ``an error says what was expected`` (text: string) (expected: string) =
    Assert.That((KernelJson.readInput text).Error, Does.Contain(expected.TrimEnd(' ', ',')))

[<Test>]
let ``nesting is bounded`` () =
    let deep = String.replicate 100_000 "["
    Assert.That((KernelJson.readInput deep).Error, Does.Contain "levels")

[<Test>]
[<Says "K-74">]
let ``a state of a version that is not known is refused`` () =
    let text = KernelJson.writeState (Kernel.initial (policy [] []) noon)

    for other in [ 0; 3 ] do
        let changed = text.Replace("\"version\":2", $"\"version\":{other}")
        Assert.That((KernelJson.readState (policy [] []) noon changed).Error, Does.Contain $"expected 1 to 2, found {other}")

[<Test>]
[<Says "K-74">]
let ``a state of the first version is read, in both forms`` () =
    let story = running (policy [ rule "grow" (cpuAveraged (minutes 1) Greater 75) (ResizeUp(Units(cu 1.0))) ] []) (cu 1.0) |> sampled "cpu" 5_000L (minutes 2)
    let aged (text: string) = text.Replace("\"version\":2", "\"version\":1").Replace($"\"lost\":{int64 Limits.Long},", "")
    let saved = KernelJson.readState story.Policy story.Now (aged (KernelJson.writeState story.State))
    Assert.That(saved.Error, Is.Empty)
    Assert.That(saved.Value.Size, Is.EqualTo(cu 1.0))
    let full = KernelJson.writeFullState story.State
    Assert.That(aged full, Does.Not.Contain "lost")
    Assert.That(KernelJson.writeFullState (KernelJson.readFullState story.Policy (aged full)).Value, Is.EqualTo full)

/// A log of before it was told since when a rate is reckoned.
[<Test>]
let ``an activity without what later versions tell is read`` () =
    let input = { At = noon; Event = ActivityChanged { quiet with QueriesRate = 5L; QueriesSince = Some(noon - seconds 1) } }
    let text = KernelJson.writeInput input
    Assert.That((KernelJson.readInput text).Value, Is.EqualTo input)
    let before = text.Replace($",\"queriesSince\":{int64 (noon - seconds 1)}", "")
    Assert.That(before, Does.Not.Contain "queriesSince")
    Assert.That((KernelJson.readInput before).Value, Is.EqualTo { At = noon; Event = ActivityChanged { quiet with QueriesRate = 5L } })

[<Test>]
let ``a full state under another policy is refused`` () =
    let text = KernelJson.writeFullState (Kernel.initial (policy [] []) noon)
    Assert.That((KernelJson.readFullState { policy [] [] with Revision = "2" } text).Error, Does.Contain "revision 1")

[<Test>]
[<Says "K-76">]
let ``a restart in mid-flight forgets the effect and its outcome`` () =
    let sleepy = policy [ rule "sleep" (idle (minutes 5)) (Suspend never) ] []
    let draining = running sleepy (cu 1.0) |> after (minutes 5) Tick
    let restarted = KernelJson.readState sleepy (draining.Now + seconds 3) (KernelJson.writeState draining.State)
    let story = { draining with State = restarted.Value; Now = draining.Now + seconds 3 } |> send Tick
    Assert.That(story.Decision.Phase, Is.EqualTo Running)
    let late = story |> send (EffectOutcome(draining.Decision.Revision, Drained))
    Assert.That(late.Decision.Phase, Is.EqualTo Running)
    Assert.That(late.Decision.Effect, Is.EqualTo(ValueNone: Effect voption))
