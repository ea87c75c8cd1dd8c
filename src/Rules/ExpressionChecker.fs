/// Resolves names, expands lets and checks types: from what is written to what the kernel evaluates.
module internal Serverless.Rules.ExpressionChecker

open Serverless.Core

/// Bounds of a condition with its lets written out.
let private mostParts = 1000
let private mostDepth = 200
let private mostLevels = 32

let private leaf meaning = Some { Meaning = meaning; Parts = 1; Depth = 1; Level = 0 }
let private amount kind term = leaf (Amount(kind, term))
let private holds condition = leaf (Holds condition)

let private join (parts: Checked list) (meaning: Meaning) : Checked =
    { Meaning = meaning
      Parts = 1 + List.sumBy _.Parts parts
      Depth = 1 + (parts |> List.map _.Depth |> List.fold max 0)
      Level = parts |> List.map _.Level |> List.fold max 0 }

/// Shown as "found" where something else was wanted.
let describe (meaning: Meaning) : string =
    match meaning with
    | Holds _ -> "a condition"
    | Amount(kind, Literal(_, value)) -> $"`{Quantity.show kind value}`, a {Quantity.typeName kind}"
    | Amount(kind, _) -> $"a {Quantity.typeName kind}"

let private literal (scope: Scope) file (at: Span) (text: string) : Checked option =
    match Quantity.read text with
    | Ok(struct (kind, value)) -> amount kind (Literal(kind, value))
    | Error misread ->
        let problem =
            match misread with
            | Quantity.UnknownUnit unit -> UnknownUnitOf(text, unit)
            | Quantity.TooLarge largest -> NumberTooLarge(text, largest)
            | Quantity.TooFine kind -> NumberTooFine(text, kind)

        scope.Report(file, at, problem)
        None

let private aggregateNames = Catalogue.aggregates |> List.map _.Name

let private textOf (expr: Expr) =
    match expr.Value with
    | Number text -> Some text
    | Tuned({ Value = Number text }, _) -> Some text
    | _ -> None

/// What is searched where no range is written: a quarter to four times, and what is a part of a whole stays one.
let private usualRange (kind: ValueType) (value: int64) : struct (int64 * int64) =
    let whole = 10_000L
    let most = min (Quantity.largest kind) (4L * value)
    struct (max (min value 1L) (value / 4L), (if kind = Percent && value <= whole then min whole most else most))

let private unknown (scope: Scope) file at kinds name candidates =
    if not (scope.Broken.Contains name) then
        scope.Report(file, at, UnknownName(kinds, name, candidates))

let rec check (scope: Scope) (file: SourceText) (expr: Expr) : Checked option =
    let result =
        match expr.Value with
        | Number text -> literal scope file expr.At text
        | Tuned(value, range) -> tuned scope file expr value range
        | ExprNode.Truth value -> holds (Constant value)
        | Named name -> named scope file expr.At name
        | Inside schedule -> inside scope file schedule
        | Call(name, arguments) -> call scope file expr name arguments
        | Comparing(left, operator, right) -> comparison scope file expr left operator right
        | Negation inner -> condition scope file inner |> Option.map (fun (inner, whole) -> join [ whole ] (Holds(Not inner)))
        | AndAll parts -> joined scope file And parts
        | OrAny parts -> joined scope file Or parts
        | HeldFor(inner, width) ->
            let inner = condition scope file inner
            let width = duration scope file "how long a condition holds" 1L (Quantity.largest Duration) width

            match inner, width with
            | Some(inner, whole), Some width -> Some(join [ whole ] (Holds(Held(0, inner, width * 1L<ms>))))
            | _ -> None

    match result with
    | Some whole when whole.Parts > mostParts || whole.Depth > mostDepth ->
        scope.Report(file, expr.At, ConditionTooLarge(if whole.Parts > mostParts then mostParts else mostDepth))
        None
    | result -> result

and private named scope file at name =
    match scope.Metrics.TryGetValue name with
    | true, metric ->
        scope.Use name
        if metric.Type = Flag then holds (IsSet name) else amount metric.Type (Term.Metric name)
    | _ ->
        match scope.Lets.TryGetValue name with
        | true, entry ->
            scope.Use name
            expand scope file at entry
        | _ when scope.Schedules.Contains name ->
            scope.Use name
            holds (During name)
        | _ ->
            unknown scope file at [ MetricName; LetName; ScheduleName ] name [ scope.MetricNames; scope.LetNames; scope.ScheduleNames ]
            None

and private expand scope file at entry =
    match entry.State with
    | Done result ->
        match result with
        | Some whole when whole.Level >= mostLevels ->
            scope.Report(file, at, LetsTooDeep mostLevels)
            None
        | result -> result |> Option.map (fun whole -> { whole with Level = whole.Level + 1 })
    | UnderWay ->
        let around = scope.Path |> List.takeWhile ((<>) entry.Name.Value) |> List.rev
        scope.Report(file, at, CyclicLet(entry.Name.Value :: around @ [ entry.Name.Value ]))
        None
    | Unchecked when scope.Path.Length >= mostLevels ->
        scope.Report(file, at, LetsTooDeep mostLevels)
        None
    | Unchecked ->
        checkLet scope entry
        expand scope file at entry

and checkLet (scope: Scope) (entry: LetEntry) : unit =
    match entry.State with
    | UnderWay
    | Done _ -> ()
    | Unchecked ->
        let path = scope.Path
        entry.State <- UnderWay
        scope.Path <- entry.Name.Value :: path
        // It is used elsewhere too, whatever asks for it first.
        let result = scope.Untuned(None, fun () -> check scope entry.File entry.Body)
        scope.Path <- path
        entry.State <- Done result

/// The literal, which behaves as its value, with the mark noted.
and private tuned (scope: Scope) (file: SourceText) (expr: Expr) (value: Expr) (range: (Expr * Expr) option) : Checked option =
    match check scope file value with
    | Some { Meaning = Amount(kind, Literal(_, written)) } as whole ->
        let within =
            match range with
            | Some(least, most) ->
                let bound expr = fixedValue scope file "a range of `tune`" kind expr
                Option.map2 (fun least most -> struct (least, most)) (bound least) (bound most)
            | None -> Some(usualRange kind written)

        match within, scope.Untunable with
        | _, Some what ->
            scope.Report(file, expr.At, TunedInVain what)
            None
        | Some(struct (least, most)), None when written < least || written > most || least >= most ->
            scope.Report(file, expr.At, EmptyTuneRange(kind, written, least, most))
            None
        | Some(struct (least, most)), None ->
            scope.Tuned[struct (file.Name, value.At.Start)] <- { In = file; At = value.At; Type = kind; Value = written; Least = least; Most = most }
            whole
        | None, None -> None
    | result -> result

and private inside scope file schedule =
    if scope.Schedules.Contains schedule.Value then
        scope.Use schedule.Value
        holds (During schedule.Value)
    else
        unknown scope file schedule.At [ ScheduleName ] schedule.Value [ scope.ScheduleNames ]
        None

and private joined scope file make parts =
    // All parts are checked, also behind one that is wrong.
    let found = parts |> List.map (condition scope file)

    if found |> List.forall Option.isSome then
        let found = List.choose id found
        Some(join (List.map snd found) (Holds(make (List.map fst found))))
    else
        None

/// An expression where only a condition will do.
and condition (scope: Scope) (file: SourceText) (expr: Expr) : (Condition * Checked) option =
    match check scope file expr with
    | Some({ Meaning = Holds condition } as whole) -> Some(condition, whole)
    | Some { Meaning = meaning } ->
        scope.Report(file, expr.At, NotACondition(describe meaning))
        None
    | None -> None

and private comparison scope file expr left operator right =
    let first = check scope file left
    let second = check scope file right

    if operator.Value = SingleEquals then
        scope.Report(file, operator.At, EqualsOnce)

    let sourceOf (part: Expr) = file.Text.Substring(part.At.Start, part.At.End - part.At.Start)

    match first, second with
    | Some { Meaning = Holds _ }, Some _ ->
        scope.Report(file, expr.At, FlagCompared(sourceOf left))
        None
    | Some _, Some { Meaning = Holds _ } ->
        scope.Report(file, expr.At, FlagCompared(sourceOf right))
        None
    | Some({ Meaning = Amount(kind, first) } as l), Some({ Meaning = Amount(other, second) } as r) ->
        match operator.Value with
        | _ when kind <> other ->
            // The literal is what is mended; with none, or two, the right side.
            match textOf left, textOf right with
            | Some text, None -> scope.Report(file, left.At, WrongType(other, kind, Some text))
            | _, text -> scope.Report(file, right.At, WrongType(kind, other, text))

            None
        | SingleEquals -> None
        | Compares operator -> Some(join [ l; r ] (Holds(Compare(first, operator, second))))
    | _ -> None

and private call scope file expr name arguments =
    match Catalogue.aggregates |> List.tryFind (fun form -> form.Name = name.Value) with
    | None ->
        scope.Report(file, name.At, UnknownName([ AggregateName ], name.Value, [ aggregateNames ]))
        None
    | Some form ->
        let wanted = if form.HasHorizon then 3 else 2

        if arguments.Length <> wanted then
            scope.Report(file, expr.At, WrongArguments(form.Name, form.Usage, arguments.Length))
            None
        else
            let metric = measured scope file form arguments[0]
            let width = duration scope file "a window" 1L (Quantity.largest Duration) arguments[1]

            let ahead =
                if form.HasHorizon then
                    duration scope file "the look ahead" 1L (int64 Catalogue.longestWindow) arguments[2]
                else
                    Some 0L

            width |> Option.iter (checkWindow scope file arguments[1].At metric)

            match metric, width, ahead with
            | Some metric, Some width, Some ahead ->
                let term = Over(form.Make(ahead * 1L<ms>), metric.Name, width * 1L<ms>)
                let gives = form.Gives metric.Type

                if gives = Flag then
                    holds (Compare(term, Equal, Literal(Flag, 1L)))
                else
                    amount gives term
            | _ -> None

/// The metric that an aggregate works on.
and private measured (scope: Scope) file (form: Catalogue.AggregateForm) (argument: Expr) : Metric option =
    match argument.Value with
    | Named name ->
        match scope.Metrics.TryGetValue name with
        | true, metric ->
            scope.Use name

            if form.Takes metric.Type then
                Some metric
            else
                scope.Report(file, argument.At, AggregateOfType(form.Name, form.Needs, name, metric.Type))
                None
        | _ when scope.Lets.ContainsKey name || scope.Schedules.Contains name ->
            scope.Use name
            scope.Report(file, argument.At, NotAMetric form.Name)
            None
        | _ ->
            unknown scope file argument.At [ MetricName ] name [ scope.MetricNames ]
            None
    | _ ->
        scope.Report(file, argument.At, NotAMetric form.Name)
        None

and private checkWindow (scope: Scope) file at (metric: Metric option) (width: int64) =
    let longest = metric |> Option.map (fun metric -> Catalogue.longestOf metric.Period) |> Option.defaultValue Catalogue.longestWindow

    if width > int64 longest then
        scope.Report(file, at, WindowTooLong(width, int64 longest))
    else
        match metric with
        | Some metric when metric.Class = Sample && width < 2L * int64 metric.Period ->
            scope.Report(file, at, WindowTooShort(width, metric.Name, int64 metric.Period))
        | _ -> ()

/// A value of a type that is known before the rules run.
and fixedValue (scope: Scope) (file: SourceText) (what: string) (kind: ValueType) (expr: Expr) : int64 option =
    match check scope file expr with
    | Some { Meaning = Amount(found, Literal(_, value)) } when found = kind -> Some value
    | Some { Meaning = Amount(found, Literal _) } ->
        scope.Report(file, expr.At, WrongType(kind, found, textOf expr))
        None
    | Some { Meaning = Amount _ } ->
        scope.Report(file, expr.At, NotFixed what)
        None
    | Some({ Meaning = Holds _ } as whole) ->
        scope.Report(file, expr.At, NotAValue($"a {Quantity.typeName kind}", describe whole.Meaning))
        None
    | None -> None

and private duration scope file what least most expr = ranged scope file what Duration least most expr

/// A value that is known before the rules run, between two bounds.
and ranged (scope: Scope) (file: SourceText) (what: string) (kind: ValueType) (least: int64) (most: int64) (expr: Expr) : int64 option =
    match fixedValue scope file what kind expr with
    | Some value when value < least || value > most ->
        scope.Report(file, expr.At, OutOfRange(what, Quantity.show kind least, Quantity.show kind most, Quantity.show kind value))
        None
    | value -> value
