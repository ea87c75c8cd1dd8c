/// The generated lives that all laws are held against. A life is generated and played once, and every law looks at it, so that ten thousand cases of
/// each law, or a million, cost little more than those of one. What fails is made smaller before it is shown.
module Serverless.Tests.Property.Core.Corpus

open System
open System.Reflection
open System.Threading
open FsCheck
open FsCheck.FSharp
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play

/// On a function of a life (and its steps, or of a sampled life alone) that throws when the law is broken. One that returns a number says how often
/// the life put it to the test: all lives together must have done so some hundred times.
[<AttributeUsage(AttributeTargets.Method)>]
type OfLivesAttribute() =
    inherit Attribute()

let private drawn (gen: Gen<'a>) (number: int) : 'a =
    // Each case has a seed of its own, so that one of them can be had again without those before it.
    Gen.sampleWithSeed (Rnd(Cases.seed + uint64 number * 0x9E37_79B9_7F4A_7C15UL)) (number % 31) 1 gen |> Array.head

type private Law<'life> =
    { Name: string
      /// It says how often it was put to the test.
      Counts: bool
      Holds: 'life -> Step list -> int }

/// Of all lives: what breaks each law that is broken, and how often those that count were put to the test.
type private Found = { Broken: Map<string, string>; Met: Map<string, int> }

/// In ten thousand lives; a law that they hardly ever put to the test holds for nothing.
let private enough = max 1 (int (300L * int64 Cases.count / 10_000L))

/// What went wrong with the first life that broke it.
type private Broken<'life> = { Law: Law<'life>; Life: 'life; Number: int }

let private smaller (shrink: 'life -> 'life seq) (playing: 'life -> Step list) (broken: Broken<'life>) : 'life * string =
    let failure life =
        try
            broken.Law.Holds life (playing life) |> ignore
            None
        with e ->
            match e.InnerException with
            | null -> Some e.Message
            | inner -> Some inner.Message

    let rec go left life message =
        let next = if left = 0 then None else shrink life |> Seq.truncate 400 |> Seq.tryPick (fun life -> failure life |> Option.map (fun message -> life, message))

        match next with
        | Some(life, message) -> go (left - 1) life message
        | None -> life, message

    go 60 broken.Life (failure broken.Life |> Option.defaultValue "it held when it was tried again")

let private run (gen: Gen<'life>) shrink (playing: 'life -> Step list) (laws: Law<'life> list) : Found =
    let laws = Array.ofList laws
    let met = Array.zeroCreate<int> laws.Length
    let broken: Broken<'life> option[] = Array.create laws.Length None
    let isBroken index number = broken[index] |> Option.exists (fun one -> one.Number < number)

    // Each life by itself, on all cores; of the lives that break a law the first counts, whichever was played first.
    let live number =
        let life = drawn gen number
        let steps = playing life

        for index in 0 .. laws.Length - 1 do
            if not (isBroken index number) then
                try
                    Interlocked.Add(&met[index], laws[index].Holds life steps) |> ignore
                with _ ->
                    lock broken (fun () -> if not (isBroken index number) then broken[index] <- Some { Law = laws[index]; Life = life; Number = number })

    // The pool of threads grows for as long as a loop of a million runs, unless told how many are of use.
    Tasks.Parallel.For(0, Cases.count, Tasks.ParallelOptions(MaxDegreeOfParallelism = Environment.ProcessorCount), live) |> ignore

    let refuted =
        broken
        |> Seq.choose id
        |> Seq.map (fun one ->
            let life, message = smaller shrink playing one
            one.Law.Name, $"{message}\n\nCase {one.Number} of seed {Cases.seed} (SERVERLESS_TEST_SEED), made smaller:\n{life}")

    let untried =
        Seq.zip3 laws met broken
        |> Seq.filter (fun (law, times, refuted) -> law.Counts && refuted.IsNone && times < enough)
        |> Seq.map (fun (law, times, _) -> law.Name, $"{Cases.count} lives of seed {Cases.seed} put it to the test {times} times, expected {enough} or more: generate what it speaks of")

    { Broken = Map.ofSeq (Seq.append refuted untried)
      Met = Map.ofSeq (Seq.zip laws met |> Seq.filter (fun (law, _) -> law.Counts) |> Seq.map (fun (law, times) -> law.Name, times)) }

let private methods =
    lazy
        [ for kind in Assembly.GetExecutingAssembly().GetTypes() do
              for found in kind.GetMethods(BindingFlags.Static ||| BindingFlags.Public) do
                  if found.IsDefined typeof<OfLivesAttribute> then found ]

let private takes (kind: Type) (found: MethodInfo) =
    let parameters = found.GetParameters()
    parameters[0].ParameterType = kind

let private counts (found: MethodInfo) = found.ReturnType = typeof<int>

let private ofLives: Lazy<Found> =
    lazy
        (methods.Value
         |> List.filter (takes typeof<Life>)
         |> List.map (fun found ->
             if counts found then
                 let law = found.CreateDelegate<Func<Life, Step list, int>>()
                 { Name = found.Name; Counts = true; Holds = fun life steps -> law.Invoke(life, steps) }
             else
                 let law = found.CreateDelegate<Action<Life, Step list>>()

                 { Name = found.Name
                   Counts = false
                   Holds =
                     fun life steps ->
                         law.Invoke(life, steps)
                         1 })
         |> run (Arbitraries.Life().Generator) (Arbitraries.Life().Shrinker) play)

let private ofSampled: Lazy<Found> =
    lazy
        (methods.Value
         |> List.filter (takes typeof<SampledLife>)
         |> List.map (fun found ->
             let law = found.CreateDelegate<Action<SampledLife>>()

             { Name = found.Name
               Counts = false
               Holds =
                 fun life _ ->
                     law.Invoke life
                     1 })
         |> run (Arbitraries.SampledLife().Generator) (Arbitraries.SampledLife().Shrinker) (fun _ -> []))

/// All laws there are, for the tests that hold them.
let laws () : MethodInfo list = methods.Value

let private found (law: MethodInfo) = (if takes typeof<Life> law then ofLives else ofSampled).Value

/// What breaks this law; none when it holds.
let verdict (law: MethodInfo) : string option = Map.tryFind law.Name (found law).Broken

/// How often the lives put it to the test, where it says so.
let met (law: MethodInfo) : int option = Map.tryFind law.Name (found law).Met
