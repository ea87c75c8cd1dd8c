namespace Serverless.Rules

open System.Collections.Generic
open Serverless.Core

/// What a compute takes and gives. Times are milliseconds.
type ComputeModel =
    { /// From the decision to resume until statements run.
      StartMs: int64
      /// From the decision to suspend until nothing runs: the drain, the snapshot and the stop.
      StopMs: int64
      /// From the decision to resize until the new size is there; the old one serves as long.
      ResizeMs: int64
      /// How long after a start what was cached is still missing.
      WarmUpMs: int64
      /// What it does in that time of what it does otherwise, in percent.
      Cold: int
      /// Work that its processors do, in percent of those that the load was measured on.
      Speed: int }

    /// Round and cautious, whatever the compute is: what `rules test` takes as well, with a cache that is there at once.
    static member Default: ComputeModel =
        { StartMs = 1_000L
          StopMs = 2_000L
          ResizeMs = 1_000L
          WarmUpMs = 0L
          Cold = 50
          Speed = 100 }

    /// As measured of a small MariaDB beside its gateway: started in 0.21 to 0.24 s, stopped in 0.13 to 0.15 s, resized in 0.05 s.
    static member Local: ComputeModel =
        { ComputeModel.Default with
            StartMs = 220L
            StopMs = 140L
            ResizeMs = 50L }

    /// As measured of a pod with MariaDB 11.8 whose image is on the node: it answers 1.04 to 1.06 s after the statement, and has ended 6 to 8 s after it was told
    /// to. A resize was not measured: it is the default's.
    static member Kubernetes: ComputeModel =
        { ComputeModel.Default with
            StartMs = 1_050L
            StopMs = 7_000L }

    /// Those that were measured, by their names.
    static member Kinds: IReadOnlyList<struct (string * ComputeModel)> = [| struct ("local", ComputeModel.Local); struct ("kubernetes", ComputeModel.Kubernetes) |]

    /// Throws an ArgumentException when a time is below 0, or a share is none.
    member internal model.Check() =
        if min (min model.StartMs model.StopMs) (min model.ResizeMs model.WarmUpMs) < 0L then
            invalidArg (nameof model) "a time of the compute is below 0"

        if model.Cold < 1 || model.Cold > 100 || model.Speed < 1 || model.Speed > 10_000 then
            invalidArg (nameof model) "expected what cold caches do from 1 to 100 percent, and the speed from 1 to 10000 percent"

    member internal model.Effects() : Effects =
        let effects = Effects()
        effects.Take(ResumeEffect, model.StartMs * 1L<ms>)
        effects.Take(SuspendEffect, model.StopMs * 1L<ms>)
        effects.Take(ResizeEffect, model.ResizeMs * 1L<ms>)
        effects
