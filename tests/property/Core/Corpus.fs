/// The generated lives that all laws are held against. A life is generated and played once, and every law looks at it, so that ten thousand cases of
/// each law, or a million, cost little more than those of one. What fails is made smaller before it is shown.
module Serverless.Tests.Property.Core.Corpus

open System
open System.Reflection
open FsCheck
open FsCheck.FSharp
open Serverless.Tests.Property
open Serverless.Tests.Property.Core.Generators
open Serverless.Tests.Property.Core.Lives
open Serverless.Tests.Property.Core.Play

/// On a function of a life (and its steps, or of a sampled life alone) that throws when the law is broken.
[<AttributeUsage(AttributeTargets.Method)>]
type OfLivesAttribute() =
    inherit Attribute()

let private drawn (gen: Gen<'a>) (number: int) : 'a =
    // Each case has a seed of its own, so that one of them can be had again without those before it.
    Gen.sampleWithSeed (Rnd(Cases.seed + uint64 number * 0x9E37_79B9_7F4A_7C15UL)) (number % 31) 1 gen |> Array.head

type private Law<'life> = { Name: string; Holds: 'life -> Step list -> unit }

/// What went wrong with the first life that broke it.
type private Broken<'life> = { Law: Law<'life>; Life: 'life; Number: int }

let private smaller (shrink: 'life -> 'life seq) (playing: 'life -> Step list) (broken: Broken<'life>) : 'life * string =
    let failure life =
        try
            broken.Law.Holds life (playing life)
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

let private run (gen: Gen<'life>) shrink (playing: 'life -> Step list) (laws: Law<'life> list) : Map<string, string> =
    let broken = Collections.Generic.Dictionary<string, Broken<'life>>()

    for number in 0 .. Cases.count - 1 do
        let life = drawn gen number
        let steps = playing life

        for law in laws do
            if not (broken.ContainsKey law.Name) then
                try
                    law.Holds life steps
                with _ ->
                    broken[law.Name] <- { Law = law; Life = life; Number = number }

    broken.Values
    |> Seq.map (fun one ->
        let life, message = smaller shrink playing one
        one.Law.Name, $"{message}\n\nCase {one.Number} of seed {Cases.seed} (SERVERLESS_TEST_SEED), made smaller:\n{life}")
    |> Map.ofSeq

let private methods =
    lazy
        [ for kind in Assembly.GetExecutingAssembly().GetTypes() do
              for found in kind.GetMethods(BindingFlags.Static ||| BindingFlags.Public) do
                  if found.IsDefined typeof<OfLivesAttribute> then found ]

let private takes (kind: Type) (found: MethodInfo) =
    let parameters = found.GetParameters()
    parameters[0].ParameterType = kind

let private ofLives: Lazy<Map<string, string>> =
    lazy
        (methods.Value
         |> List.filter (takes typeof<Life>)
         |> List.map (fun found ->
             let law = found.CreateDelegate<Action<Life, Step list>>()
             { Name = found.Name; Holds = fun life steps -> law.Invoke(life, steps) })
         |> run (Arbitraries.Life().Generator) (Arbitraries.Life().Shrinker) play)

let private ofSampled: Lazy<Map<string, string>> =
    lazy
        (methods.Value
         |> List.filter (takes typeof<SampledLife>)
         |> List.map (fun found ->
             let law = found.CreateDelegate<Action<SampledLife>>()
             { Name = found.Name; Holds = fun life _ -> law.Invoke life })
         |> run (Arbitraries.SampledLife().Generator) (Arbitraries.SampledLife().Shrinker) (fun _ -> []))

/// All laws there are, for the tests that hold them.
let laws () : MethodInfo list = methods.Value

/// What breaks this law; none when it holds.
let verdict (law: MethodInfo) : string option =
    let results = if takes typeof<Life> law then ofLives else ofSampled
    Map.tryFind law.Name results.Value
