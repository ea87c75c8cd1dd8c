namespace Serverless.Rules

open System
open System.Collections.Generic
open System.Diagnostics
open System.Threading
open System.Threading.Tasks

/// Tries settings of a policy's marks under workloads: each is written into the files, checked as they are, and simulated.
[<Sealed>]
type internal FitBench(set: RuleSet, suite: Suite, search: FitSearch) =
    let marks = suite.Tunables
    let loads, bounds = Array.ofSeq search.Loads, Array.ofSeq search.Bounds

    let said (set: RuleSet) =
        HashSet [ for one in set.Diagnostics do
                      if one.Severity <> Severity.Info then struct (one.Code, one.File, one.Line) ]

    let known = said set

    /// The texts of the files with these values in them.
    member _.Texts(values: int64[]) : RuleFile list =
        [ for file in set.Files do
              let text = Text.StringBuilder file.Text

              // From the end, so that places before it stay.
              for index in marks.Count - 1 .. -1 .. 0 do
                  let mark = marks[index]

                  if mark.File = file.Name && values[index] <> mark.Value then
                      text.Remove(mark.At.Start, mark.At.End - mark.At.Start).Insert(mark.At.Start, Quantity.show mark.Type values[index])
                      |> ignore

              RuleFile(file.Name, text.ToString()) ]

    /// None: the checker has something to say of it that it does not say of the files as they are.
    member bench.Try(values: int64[], cancellation: CancellationToken) : FitSetting option =
        let changed = RuleFiles.Compile(bench.Texts values)

        match changed.Find suite.Policy.Name with
        | null -> None
        | policy when (said changed).IsSubsetOf known ->
            Some(FitSetting(marks, values, bounds, loads |> Array.map (fun load -> Simulation.Run(policy, load, search.Compute, cancellation))))
        | _ -> None

/// Searches the values of literals marked `tune` for the cheapest that keep bounds under given workloads.
[<AbstractClass; Sealed>]
type Fitter =
    /// The files of the set that change when these values take the place of the marked ones; everything else stays.
    static member Rewritten(set: RuleSet, suite: Suite, setting: FitSetting) : IReadOnlyList<RewrittenFile> =
        let bench = FitBench(set, suite, FitSearch.Of([], []))

        [| for before, after in List.zip set.Files (bench.Texts(Array.ofSeq setting.Values)) do
               if before.Text <> after.Text then RewrittenFile(before.Name, before.Text, after.Text) |]

    /// What the values as they are written, or others, come to under other workloads.
    static member Play(set: RuleSet, suite: Suite, setting: FitSetting, search: FitSearch) : FitSetting =
        let bench = FitBench(set, suite, search)

        match bench.Try(Array.ofSeq setting.Values, CancellationToken.None) with
        | Some played -> played
        | None -> invalidArg (nameof setting) "the checker refuses it"

    /// Descends from the values as they are written, one mark after the other and then neighbouring pairs, and again from values that are drawn, until there were
    /// so many tries; or tries all where there are no more. The same search gives the same answer, whatever the machine, as long as no cancellation
    /// ends it: then it is what was found until then, and an OperationCanceledException where not even the values as they are had been simulated. `progress` is called between batches. The suite is one of the set, and has marks.
    static member Run(set: RuleSet, suite: Suite, search: FitSearch, progress: Action<FitProgress>, cancellation: CancellationToken) : FitRun =
        if suite.Tunables.Count = 0 then
            invalidArg (nameof suite) "no literal of the policy is marked `tune`"

        let watch = Stopwatch.StartNew()
        let seed, tries = search.Seed, search.Tries
        let bench = FitBench(set, suite, search)
        let marks = Array.ofSeq suite.Tunables
        let grids = marks |> Array.map (FitGrid.values (int64 suite.Policy.Step))
        let all = grids |> Array.fold (fun product grid -> if product > 1e20m then product else product * decimal grid.Length) 1m
        let known = Dictionary<string, FitSetting option>()
        let order = ResizeArray<FitSetting>()
        let key (places: int[]) = String.Join(',', places)
        let valuesOf (places: int[]) = Array.map2 (fun (grid: int64[]) (place: int) -> grid[place]) grids places
        let begins = Array.map2 (fun (mark: Tunable) grid -> Array.IndexOf(grid, mark.Value)) marks grids
        let distance (one: FitSetting) = Array.sum (Array.mapi2 (fun index grid (from: int) -> abs (Array.IndexOf(grid, one.Values[index]) - from)) grids begins)

        let isBetter (one: FitSetting) (than: FitSetting) =
            compare (one.Excess, one.UnitMs, distance one) (than.Excess, than.UnitMs, distance than) < 0

        let start =
            match bench.Try(valuesOf begins, cancellation) with
            | Some start -> start
            | None -> invalidArg (nameof set) "the files are no valid set"

        known[key begins] <- Some start
        order.Add start
        let best = ref start
        let isOver () = known.Count >= tries || decimal known.Count >= all || cancellation.IsCancellationRequested

        /// Tries those that were not tried yet, all cores at once, as far as tries are left.
        let tryAll (wanted: int[] list) =
            let fresh =
                wanted
                |> List.distinctBy key
                |> List.filter (fun places -> not (known.ContainsKey(key places)))
                |> List.truncate (max 0 (tries - known.Count))
                |> Array.ofList

            for batch in fresh |> Array.chunkBySize (4 * Environment.ProcessorCount) do
                let results: FitSetting option voption[] = Array.create batch.Length ValueNone

                Parallel.For(0, batch.Length, fun index ->
                    try
                        cancellation.ThrowIfCancellationRequested()
                        results[index] <- ValueSome(bench.Try(valuesOf batch[index], cancellation))
                    with :? OperationCanceledException ->
                        ())
                |> ignore

                for places, result in Array.zip batch results do
                    match result with
                    | ValueSome found ->
                        known[key places] <- found

                        match found with
                        | Some setting ->
                            order.Add setting

                            if isBetter setting best.Value then
                                best.Value <- setting
                        | None -> ()
                    | ValueNone -> ()

                progress.Invoke { Tried = known.Count; Elapsed = watch.Elapsed; BestUnitHours = (if best.Value.KeepsBounds then best.Value.UnitHours else nan) }

        let with' (places: int[]) changes =
            let copy = Array.copy places

            for struct (index, place) in changes do
                copy[index] <- place

            copy

        let isOnGrid (index: int) place = place >= 0 && place < grids[index].Length

        let pairs (places: int[]) =
            [ for one in 0 .. marks.Length - 1 do
                  for other in one + 1 .. marks.Length - 1 do
                      for a in [ -1; 1 ] do
                          for b in [ -1; 1 ] do
                              if isOnGrid one (places[one] + a) && isOnGrid other (places[other] + b) then
                                  with' places [ struct (one, places[one] + a); struct (other, places[other] + b) ] ]

        let rec descend (from: int[]) =
            let better (at: int[]) (wanted: int[] list) =
                tryAll wanted

                (at, wanted)
                ||> List.fold (fun at other ->
                    match known.TryGetValue(key at), known.TryGetValue(key other) with
                    | (true, Some here), (true, Some there) when isBetter there here -> other
                    | (true, None), (true, Some _) -> other
                    | _ -> at)

            let line (at: int[]) index = [ for place in 0 .. grids[index].Length - 1 -> with' at [ struct (index, place) ] ]
            let after = ([ 0 .. marks.Length - 1 ] |> List.fold (fun at index -> better at (line at index)) from)
            let after = if key after = key from then better after (pairs after) else after
            if key after <> key from && not (isOver ()) then descend after

        if all <= decimal tries then
            let rec product (rest: int64[] list) : int list list =
                match rest with
                | [] -> [ [] ]
                | grid :: others -> [ for tail in product others do for place in 0 .. grid.Length - 1 -> place :: tail ]

            tryAll (product (List.ofArray grids) |> List.map Array.ofList)
        else
            descend begins
            let mutable round = 0L

            // Where most of a small grid is known, a draw finds nothing new: then it ends before its tries do.
            while not (isOver ()) && round < 4L * int64 tries do
                let draw = Draw(seed, round)
                let drawn = grids |> Array.map (fun grid -> draw.Below grid.Length)
                tryAll [ drawn ]
                descend drawn
                round <- round + 1L

        FitRun(suite, seed, Array.ofSeq search.Bounds, start, best.Value, order.ToArray(), known.Count - order.Count, all, watch.Elapsed)
