module Serverless.Tests.Property.Architecture

open NUnit.Framework
open Serverless.Core

/// The kernel must stay pure: nothing but the base library and FSharp.Core may be referenced (design section 2).
[<Test>]
let ``the kernel references nothing but the base library and FSharp.Core`` () =
    let allowed = set [ "FSharp.Core"; "System.Runtime"; "System.Collections"; "System.Linq"; "System.Memory"; "netstandard"; "System.Runtime.Numerics"; "System.Runtime.Extensions" ]
    let references = typeof<Phase>.Assembly.GetReferencedAssemblies() |> Array.map _.Name |> set
    Assert.That(Set.difference references allowed, Is.Empty)
