namespace Serverless.Tests.Property

open System

/// The test holds the sentence of `docs/kernel.md` with this anchor.
[<AttributeUsage(AttributeTargets.Method, AllowMultiple = true)>]
type SaysAttribute(anchor: string) =
    inherit Attribute()
    member _.Anchor = anchor
