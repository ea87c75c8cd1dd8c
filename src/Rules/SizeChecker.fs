/// The compute unit, the bounds of the size, and the cooldowns.
module internal Serverless.Rules.SizeChecker

open Serverless.Core
open Serverless.Rules.ExpressionChecker

/// What holds where a policy says nothing.
let defaultUnit: ComputeUnit = { Cpu = 500L<mcpu>; Memory = 2L * 1024L * 1024L * 1024L * 1L<bytes> }
let defaultStep = 500L

let unit (scope: Scope) (file: SourceText) (cpu: Expr) (memory: Expr) : ComputeUnit =
    let cpu = ranged scope file "the processor share of a unit" Cpu 1L 1_024_000L cpu
    let memory = ranged scope file "the memory of a unit" Bytes (1L <<< 20) (1L <<< 40) memory

    match cpu, memory with
    | Some cpu, Some memory -> { Cpu = cpu * 1L<mcpu>; Memory = memory * 1L<bytes> }
    | _ -> defaultUnit

let step (scope: Scope) (file: SourceText) (expr: Expr option) : int64 =
    expr
    |> Option.bind (ranged scope file "the step" Size 1L (Quantity.largest Size))
    |> Option.defaultValue defaultStep

let bounds (scope: Scope) (file: SourceText) (step: int64) (least: Expr) (most: Expr) (during: Name option) : Bounds option =
    let bound (expr: Expr) =
        fixedValue scope file "a bound" Size expr
        |> Option.filter (fun value ->
            if value % step <> 0L then
                scope.Report(file, expr.At, NotAMultiple(value, step))

            value % step = 0L)

    match bound least, bound most with
    | Some low, Some high when low > high || low < step ->
        scope.Report(file, Span.cover least.At most.At, EmptyBounds(low, high))
        None
    | Some low, Some high ->
        Some
            { Min = low * 1L<mcu>
              Max = high * 1L<mcu>
              During = during |> Option.map _.Value }
    | _ -> None

/// What is not named has no cooldown.
let cooldown (scope: Scope) (file: SourceText) (parts: (Located<CooldownKind> * Expr) list) : Cooldown =
    let rest kind words =
        match parts |> List.filter (fun (found, _) -> found.Value = kind) with
        | [] -> 0L<ms>
        | (_, first) :: others ->
            for other, _ in others do
                scope.Report(file, other.At, RepeatedClause words)

            ranged scope file "a cooldown" Duration 0L (7L * 86_400_000L) first
            |> Option.map (fun value -> value * 1L<ms>)
            |> Option.defaultValue 0L<ms>

    { Up = rest AfterUp "up"
      Down = rest AfterDown "down"
      Suspend = rest BeforeSuspend "suspend" }
