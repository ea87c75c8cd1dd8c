/// The words of every diagnostic: code, severity, message, what was expected, what was found, and the mend. Codes never change their meaning.
module Serverless.Rules.Wording

open System
open Serverless.Core

type Text =
    { Code: string
      Severity: Severity
      Message: string
      Expected: string option
      Found: string option
      Mend: string option }

/// Source text in a message: short, and nothing in it that a terminal would obey.
let quote (text: string) : string = "`" + Printable.Of(text, 60) + "`"

let listed (joint: string) (items: string list) : string =
    match List.rev items with
    | [] -> ""
    | [ only ] -> only
    | last :: rest -> String.Join(", ", List.rev rest) + $" {joint} {last}"

let private article (noun: string) = if "aeiou".Contains noun[0] then "an " + noun else "a " + noun

let private kindName kind =
    match kind with
    | MetricName -> "metric"
    | ScheduleName -> "schedule"
    | LetName -> "let"
    | RuleName -> "rule"
    | TypeName -> "type"
    | AggregateName -> "aggregate"
    | PolicyName -> "policy"
    | PropertyName -> "property"
    | SeriesName -> "input"

let private kindsOf kinds = kinds |> List.map (kindName >> article) |> listed "or"

let private span = Quantity.show Duration
let private size = Quantity.show Size
let private kindOf = Quantity.typeName


/// A literal of the wrong type, as it would be written in the right one.
let retyped (expected: ValueType) (found: ValueType) (text: string) =
    let digits = text |> Seq.takeWhile (fun c -> Char.IsAsciiDigit c || c = '.') |> String.Concat

    match expected, found with
    | Percent, Count when digits.StartsWith("0.", StringComparison.Ordinal) && digits.Length <= 6 ->
        // A fraction of one is more likely meant as its percentage.
        Some(Decimal.Parse(digits, Globalization.CultureInfo.InvariantCulture) * 100m)
        |> Option.map (fun value -> value.ToString("0.##", Globalization.CultureInfo.InvariantCulture) + "%")
    | Percent, Count -> Some(digits + "%")
    | Rate, Count -> Some(digits + "/s")
    | Duration, Count -> Some(digits + "s")
    | Size, Count -> Some(digits + "cu")
    | Bytes, Count -> Some(digits + "GiB")
    | Cpu, Count -> Some(digits + " cpu")
    | Cpu, Duration when text.EndsWith('m') -> Some(text + " cpu")
    | Count, (Percent | Rate | Size) -> Some digits
    | _ -> None

let private meant name among =
    Suggest.nearest name among |> Option.map (fun near -> $"did you mean {quote near}?")

/// The load of a circle of sizes in words.
let private under (load: Load) =
    let number (value: decimal) = value.ToString("0.######", Globalization.CultureInfo.InvariantCulture)

    let parts =
        [ load.Cores |> Option.map (fun cores -> $"{number cores} cpu")
          load.Bytes |> Option.map (fun bytes -> $"{number (bytes / 1_073_741_824m)}GiB of memory") ]
        |> List.choose id

    let during = if load.During.IsEmpty then "" else " during " + (load.During |> List.map quote |> listed "and")
    (if parts.IsEmpty then "under any load" else "at a load of " + listed "and" parts) + during

let rec severity (problem: Problem) : Severity =
    match problem with
    | Inherited(_, _, inner) -> severity inner
    | NotAnalysed _ -> Severity.Info
    | TooManyProblems _
    | UnusedName _
    | BeyondBounds _
    | SampleWhileSuspended _
    | NeverActs _
    | NeverTrue _
    | NeverInside _
    | BoundsAtOdds _
    | NothingToResize _
    | Contradiction _
    | AlwaysTrue _
    | ReleasedAtOnce _
    | HeldTooLong _
    | Shadowed _
    | AlwaysForbidden _
    | NeverSuspends _
    | WakesAtOnce _
    | ForbidsUnmeasured _
    | Flaps _ -> Severity.Warning
    | _ -> Severity.Error

let rec describe (problem: Problem) : Text =
    let says code message =
        { Code = code; Severity = severity problem; Message = message; Expected = None; Found = None; Mend = None }

    match problem with
    | Unexpected(expected, found) ->
        { says "R001" $"this does not continue the declaration" with
            Expected = Some(if expected.IsEmpty then "something else" else listed "or" expected)
            Found = Some found
            Mend = expected |> List.map _.Trim('`') |> meant (found.Trim '`') }
    | UnknownDeclaration found ->
        { says "R002" "a declaration begins with its keyword" with
            Expected = Some(Keyword.All |> listed "or")
            Found = Some(quote found)
            Mend = meant found Keyword.All }
    | UnclosedString ->
        { says "R003" "this string has no end on its line" with
            Expected = Some "a closing `\"`"
            Found = Some "the end of the line"
            Mend = Some "write `\\\"` for a quote inside of a string" }
    | NestedTooDeep limit ->
        { says "R004" "this is nested too deep" with
            Expected = Some $"at most {limit} levels of parentheses and `not`"
            Mend = Some "give parts of it a name with `let`" }
    | Unreadable reason -> { says "R005" "this cannot be read" with Found = Some reason }
    | FileTooLarge limit ->
        { says "R006" "this file is too large for rules" with
            Expected = Some("at most " + Quantity.show Bytes limit)
            Found = Some "more than that" }
    | NothingDeclared ->
        { says "R007" "there is no policy here" with
            Expected = Some "at least one file that ends in `.rules` and declares something"
            Mend = Some "begin with `policy default` and `size 0.5cu .. 4cu step 0.5cu`" }
    | TooManyProblems more ->
        { says "R008" $"and {more} more problems that are not shown" with Mend = Some "mend the first ones and check again" }
    | UnknownUnitOf(text, unit) ->
        { says "R010" $"{quote text} has no unit that exists" with
            Expected = Some(Quantity.unitNames |> List.map quote |> listed "or")
            Found = Some(quote unit)
            Mend =
                match unit with
                | "min"
                | "mins" -> Some "minutes are written `m`"
                | "sec"
                | "secs" -> Some "seconds are written `s`"
                | _ -> meant unit Quantity.unitNames }
    | NumberTooLarge(text, largest) ->
        { says "R011" "this number is too large" with Expected = Some $"at most {largest}"; Found = Some(quote text) }
    | NumberTooFine(text, kind) ->
        { says "R012" $"{article (kindOf kind)} cannot be this fine" with
            Expected = Some $"a multiple of {Quantity.show kind 1L}"
            Found = Some(quote text) }
    | NotAWholeNumber(what, least, most, text) ->
        { says "R013" $"this cannot be {what}" with Expected = Some $"a whole number from {least} to {most}"; Found = Some(quote text) }
    | UnknownName(kinds, name, candidates) ->
        { says "R020" $"nothing here is called {quote name}" with
            Expected = Some(kindsOf kinds)
            Found = Some(quote name)
            Mend =
                let all = List.concat candidates

                match meant name all with
                | None when all.Length <= 12 && not all.IsEmpty -> Some("known are " + (all |> List.map quote |> listed "and"))
                | mend -> mend }
    | ReservedName name ->
        { says "R021" $"{quote name} means something in conditions and cannot be a name" with
            Expected = Some "another name"
            Found = Some(quote name)
            Mend = Some(quote ("my_" + name) + " would do") }
    | DuplicateName(what, first) ->
        { says "R022" $"{what} is already declared" with
            Expected = Some "each name once in a policy"
            Found = Some $"the first one {first}"
            Mend = Some "rename or remove one of them" }
    | DuplicateDeclaration(what, first) ->
        { says "R023" $"{what} is declared twice in this policy" with
            Expected = Some "one of it"
            Found = Some $"the first one {first}"
            Mend = Some "remove one of them" }
    | UnusedName(kind, name) ->
        { says "R024" $"{kindName kind} {quote name} is not used" with
            Mend = Some(if kind = MetricName then "remove it: it is asked of the engine for nothing" else "remove it") }
    | CyclicLet names ->
        { says "R025" "these lets stand for each other" with
            Expected = Some "a let that ends in metrics and values"
            Found = Some(names |> List.map quote |> String.concat " -> ") }
    | ConditionTooLarge limit ->
        { says "R026" "this is too large with its lets written out" with
            Expected = Some $"at most {limit} parts"
            Mend = Some "split the rule, or simplify its lets" }
    | LetsTooDeep limit ->
        { says "R029" "lets stand for lets too deep" with
            Expected = Some $"at most {limit} lets in each other"
            Mend = Some "write some of them out" }
    | UnknownZone(name, candidates) ->
        { says "R027" $"there is no time zone {quote name}" with
            Expected = Some "a zone of the IANA time-zone database, such as `UTC` or `Europe/Berlin`"
            Found = Some(quote name)
            Mend = meant name candidates }
    | NoZoneData name ->
        { says "R028" $"time zone {quote name} cannot be looked up: this machine has no time-zone database" with
            Expected = Some "the database in /usr/share/zoneinfo"
            Mend = Some "install the package `tzdata`, or use zone \"UTC\"" }
    | WrongType(expected, found, literal) ->
        { says "R030" $"{article (kindOf found)} cannot stand for {article (kindOf expected)}" with
            Expected = Some(article (kindOf expected))
            Found =
                Some(
                    match literal with
                    | Some literal -> $"{quote literal}, {article (kindOf found)}"
                    | None -> article (kindOf found)
                )
            Mend = literal |> Option.bind (retyped expected found) |> Option.map (fun mend -> $"write {quote mend}") }
    | NotACondition found ->
        { says "R031" "this is a value, not a condition" with
            Expected = Some "a comparison, a flag, or a schedule"
            Found = Some found
            Mend = Some "compare it with something, as in `cpu > 75%`" }
    | NotAValue(expected, found) -> { says "R032" "this is a condition, not a value" with Expected = Some expected; Found = Some found }
    | FlagCompared flag ->
        { says "R033" "conditions and flags are not compared" with
            Expected = Some "the flag or schedule by itself"
            Found = Some "a comparison"
            Mend = Some("write " + quote flag + " or " + quote ("not " + flag)) }
    | EqualsOnce -> { says "R034" "values are compared with `==`" with Expected = Some "`==`"; Found = Some "`=`"; Mend = Some "write `==`" }
    | WrongArguments(aggregate, usage, found) ->
        { says "R035" $"{quote aggregate} is used in another way" with
            Expected = Some(quote usage)
            Found = Some(if found = 1 then "1 argument" else $"{found} arguments") }
    | AggregateOfType(aggregate, needs, metric, found) ->
        { says "R036" $"{quote aggregate} makes no sense of {quote metric}" with
            Expected = Some needs
            Found = Some $"{quote metric}, {article (kindOf found)}" }
    | NotAMetric aggregate ->
        { says "R037" $"{quote aggregate} works on the samples of a metric" with
            Expected = Some "the name of a metric"
            Mend = Some "`./serverless rules metrics` prints them" }
    | NotFixed what ->
        { says "R038" $"{what} must be known before the rules run" with
            Expected = Some "a literal, or a let that stands for one"
            Found = Some "something that is measured" }
    | WindowTooShort(width, metric, period) ->
        { says "R040" $"this window is too short for {quote metric}" with
            Expected = Some $"at least {span (2L * period)}, two samples of {quote metric}, which comes every {span period}"
            Found = Some(span width)
            Mend = Some $"write {quote (span (2L * period))}, or more to calm it" }
    | WindowTooLong(width, longest) ->
        { says "R041" "this window is too long" with Expected = Some $"at most {span longest}"; Found = Some(span width) }
    | StaleBelowPeriod(stale, period) ->
        { says "R042" "this metric would be stale between two of its samples" with
            Expected = Some $"`stale` of at least {span period}, its period"
            Found = Some(span stale)
            Mend = Some("write " + quote ("stale " + span (4L * period))) }
    | OutOfRange(what, least, most, found) ->
        { says "R043" $"{what} is out of range" with Expected = Some $"{least} .. {most}"; Found = Some found }
    | NoSize policy ->
        { says "R050" $"policy {quote policy} does not say between which sizes it may move" with
            Expected = Some "a `size` without `during`"
            Mend = Some "add `size 0.5cu .. 4cu step 0.5cu`" }
    | EmptyBounds(least, most) ->
        { says "R051" "no size is between these bounds" with
            Expected = Some "the lower bound first"
            Found = Some $"{size least} .. {size most}"
            Mend = Some(if least > most then "write " + quote (size most + " .. " + size least) else "the lower bound is at least one step: scaling to zero is `suspend`") }
    | NotAMultiple(value, step) ->
        let below = value / step * step
        let choices = [ below; below + step ] |> List.filter (fun choice -> choice > 0L) |> List.map (size >> quote)

        { says "R052" "a bound is a multiple of the step" with
            Expected = Some $"a multiple of {size step}"
            Found = Some(size value)
            Mend = Some("write " + listed "or" choices) }
    | BeyondBounds(value, least, most) ->
        { says "R053" "this size is never reached" with
            Expected = Some $"{size least} .. {size most}, the widest bounds of the policy"
            Found = Some(size value)
            Mend = Some $"it acts as {quote (size (max least (min most value)))}" }
    | StepWithSchedule ->
        { says "R054" "the step is one for the whole policy" with
            Expected = Some "`step` on the `size` without `during`"
            Found = Some "`step` and `during` together" }
    | Untrackable metric ->
        { says "R055" $"{quote metric} cannot be tracked" with
            Expected = Some "a percent of the allocation: `cpu` or `memory`, or its `avg` over a window"
            Found = Some(quote metric)
            Mend = Some "write `resize track avg(cpu, 1m) at 70%`" }
    | NoSuchTime text -> { says "R060" "there is no such time of day" with Expected = Some "`00:00` to `24:00`"; Found = Some(quote text) }
    | NoSuchDate text -> { says "R061" "there is no such date" with Expected = Some "year-month-day, as in `2026-12-24`"; Found = Some(quote text) }
    | EmptyTimes text ->
        { says "R062" "this range begins where it ends" with
            Expected = Some "two different times"
            Found = Some(quote text)
            Mend = Some "leave the times out for whole days, or write `00:00..24:00`" }
    | DatesReversed(first, last) ->
        { says "R063" "no date is between these" with
            Expected = Some "the earlier date first"
            Found = Some(quote $"{first}..{last}")
            Mend = Some("write " + quote (last + ".." + first)) }
    | MissingClause clause ->
        { says "R070" $"this rule has no {quote clause}" with
            Expected = Some "`when CONDITION` and `do ACTION`"
            Mend = Some(if clause = "when" then "`when true` makes it hold always" else "add `do suspend`, `do resume` or `do resize …`") }
    | RepeatedClause clause -> { says "R071" $"{quote clause} stands twice" with Expected = Some "it once"; Mend = Some(if clause = "when" || clause = "until" then "join the conditions with `and` or `or`" else "remove one of them") }
    | ActionNeedsOther(action, needs) ->
        let right = if needs = OnRunning then "running" else "suspended"

        { says "R072" $"{quote action} makes no sense here" with
            Expected = Some $"`on {right}`"
            Found = Some(if needs = OnRunning then "`on suspended`" else "`on running`")
            Mend = Some $"write `on {right}`, or another action" }
    | SampleWhileSuspended metric ->
        { says "R073" $"{quote metric} is not measured while nothing runs, so it is unknown in this rule" with
            Expected = Some "facts, schedules and values in a rule `on suspended`"
            Found = Some(quote metric) }
    | SleepsForEver rule ->
        { says "R074" "this forbids for ever what would wake the database again" with
            Expected = Some "a condition that ends, or no rule that suspends"
            Found = Some $"rule {quote rule} suspends"
            Mend = Some "give it a condition that ends while nothing runs, as in `when during night`: samples are unknown then, and block" }
    | NeverActs actions ->
        let forbidden = actions |> List.map quote |> listed "and"

        { says "R075" $"this rule never acts: {forbidden} is forbidden for ever" with Mend = Some "remove the rule, or give the `forbid` a condition" }
    | NeverTrue what -> { says "R076" $"this is never true, so the {what} does nothing" with Mend = Some $"remove the {what}, or mend its condition" }
    | NeverInside schedule ->
        { says "R064" $"schedule {quote schedule} never holds" with
            Expected = Some "some time that is not taken out again"
            Mend = Some "shorten its `except`, or remove the schedule" }
    | BoundsAtOdds(first, second, least, most) ->
        { says "R056" $"{quote first} and {quote second} can hold at once, and no size suits both" with
            Expected = Some $"bounds of {quote first} and of {quote second} that have a size in common"
            Found = Some $"at least {size least} during {quote first}, at most {size most} during {quote second}"
            Mend = Some $"the size is then {size least}: say so in the bounds of {quote second}, or let one schedule except the other" }
    | NothingToResize action ->
        { says "R057" $"{quote action} changes nothing at any size" with
            Expected = Some "bounds with a size that it can go to"
            Mend = Some "widen `size`, or remove the rule" }
    | Contradiction(what, parts) ->
        let message =
            match what, parts with
            | "part", [ part ] -> $"{quote part} can never hold"
            | _, [ part ] -> $"this can never hold, since {quote part} cannot"
            | _ -> "this can never hold: its parts exclude each other"

        { says "R100" message with
            Expected = Some "values that satisfy all of it"
            Found = Some(parts |> List.map quote |> listed "and")
            Mend =
                Some(
                    match what with
                    | "release" -> "without a release the rule fires while `when` is true; mend it or remove it"
                    | "part" -> "remove it, or mend what it is compared with"
                    | _ when parts.Length > 1 -> "`or` holds when one of them does; or mend what is compared"
                    | _ -> $"remove the {what}, or mend what is compared"
                ) }
    | AlwaysTrue part ->
        { says "R101" $"{quote part} always holds, so it decides nothing" with
            Expected = Some "a comparison that depends on what is measured"
            Mend = Some "remove it, or mend what it is compared with; `when true` says plainly that a rule always fires" }
    | ReleasedAtOnce(holds, release) ->
        { says "R102" "the release holds whenever the rule fires, so the rule does nothing" with
            Expected = Some "an `until` that is false where `when` is true"
            Found = Some $"{quote release} wherever {quote holds}"
            Mend = Some "turn the comparison of the release round, or put it beyond the one of `when`" }
    | HeldTooLong(condition, length, longest) ->
        { says "R103" $"{quote condition} never holds for {span length} without a gap" with
            Expected = Some $"at most {span longest}, as long as it can last"
            Found = Some("`for " + span length + "`") }
    | Shadowed(rule, by) ->
        { says "R104" $"rule {quote rule} never decides anything: {quote by} fires whenever it does, and comes first" with
            Expected = Some "a case that is its own"
            Mend = Some $"remove the rule, give it a higher `priority`, or narrow {quote by}" }
    | AlwaysForbidden(actions, forbids) ->
        { says "R105" ("whenever this rule fires, what it does is forbidden: " + (actions |> List.map quote |> listed "and")) with
            Expected = Some "a case in which the rule fires and nothing blocks it"
            Found = Some(forbids |> List.map quote |> listed "and")
            Mend = Some "remove the rule, or narrow the `forbid`" }
    | NeverSuspends obstacle ->
        match obstacle with
        | SuspendIsBusy ->
            { says "R106" "this rule never suspends: it waits for what keeps a database awake" with
                Expected = Some "no statement that runs or waits, no open transaction and no pinned session"
                Mend = Some "turn the comparison round, or say what the suspend is `breaking`" }
        | SuspendCools cooldown ->
            { says "R106" "this rule never suspends: its condition is over before the cooldown is" with
                Expected = Some $"a condition that holds {span cooldown} after a resume"
                Mend = Some "shorten `cooldown suspend`, or let the condition hold longer" }
    | WakesAtOnce(sleeper, holds) ->
        { says "R107" $"an idle database is woken by this and suspended by {quote sleeper} in turn, for ever" with
            Expected = Some $"that {quote sleeper} does not fire where this rule does"
            Found = Some(quote holds)
            Mend = Some $"add `and not (…)` with this condition to {quote sleeper}" }
    | ForbidsUnmeasured metric ->
        { says "R108" $"{quote metric} is not measured while nothing runs, and a forbid blocks what is unknown" with
            Expected = Some "facts and schedules in a forbid of `resume`"
            Found = Some(quote metric)
            Mend = Some "ask for a fact or a schedule instead" }
    | Flaps(turns, load, mend, others) ->
        let sizes = (turns |> List.map _.From) @ [ turns.Head.From ] |> List.map size |> String.concat " -> "

        let seen (turn: Turn) =
            [ turn.Cpu |> Option.map (fun value -> $"cpu {Quantity.show Percent value}")
              turn.Memory |> Option.map (fun value -> $"memory {Quantity.show Percent value}") ]
            |> List.choose id

        let told (turn: Turn) =
            let rules = turn.Rules |> List.map quote |> listed "and"
            let values = if (seen turn).IsEmpty then "" else " (" + String.concat ", " (seen turn) + ")"
            $"{rules} goes to {size turn.Into} at {size turn.From}{values}"

        { says "R110" $"the size goes round for ever: {sizes} {under load}" with
            Expected = Some "under a load that never changes, a size at which no rule wants another"
            Found = Some((turns |> List.map told |> String.concat ", ") + (if others > 0 then $"; the same at {others} other sizes" else ""))
            Mend =
                match mend with
                | Some threshold -> Some $"in {quote threshold.Rule}, write {quote threshold.Instead} instead of {quote threshold.Written}"
                | None -> Some "let the conditions of these rules exclude each other at neighbouring sizes" }
    | NotAnalysed parts ->
        { says "R119" "whether sizes go round for ever was not checked in all of this policy" with
            Found = Some(parts |> List.map (fun (what, why) -> $"{quote what} {why}") |> String.concat "; ") }
    | CyclicExtends names ->
        { says "R082" "these policies extend each other" with
            Expected = Some "a policy at the end that extends no other"
            Found = Some(names |> List.map quote |> String.concat " -> ") }
    | Inherited(parent, place, inner) ->
        let words = describe inner
        { says "R083" $"what comes from policy {quote parent} does not fit here: {words.Message}" with
            Expected = words.Expected
            Found = Some(match words.Found with Some found -> $"{found}, {place}" | None -> place)
            Mend = Some "declare it anew in this policy, or leave it out with `without`" }
    | ExtendsTooDeep limit ->
        { says "R084" "policies extend each other too deep" with
            Expected = Some $"at most {limit} policies in a row"
            Mend = Some "extend one of the policies further up" }
    | ExtendsTooMuch limit ->
        { says "R085" "this takes over more than a set of rules may have" with
            Expected = Some $"at most {limit} declarations in all policies together, those taken over counted in each" }
    | NoSuchInstant text ->
        { says "R090" "there is no such instant" with
            Expected = Some "date, time and offset, as in `2026-03-02T20:00+01:00` or `2026-03-02T19:00Z`"
            Found = Some(quote text)
            Mend =
                if text.Contains 'T' && not (text.EndsWith 'Z' || text.LastIndexOfAny [| '+'; '-' |] > text.IndexOf 'T') then
                    Some("write " + quote (text + "Z") + " for UTC, or the offset of the place")
                else
                    None }
    | ScenarioLacks part ->
        { says "R091" $"this scenario has no {part}" with
            Expected =
                match part with
                | "time behind this" -> Some "a series, an event or another expectation that goes on longer"
                | _ -> Some "`start INSTANT running SIZE` or `start INSTANT suspended`, what is measured, and at least one `expect`"
            Mend =
                match part with
                | "`start`" -> Some "add `start 2026-03-02T20:00Z running 1cu`"
                | "`expect`" -> Some "add `expect nothing` to say that nothing happens"
                | _ -> Some "give a series a length, as in `cpu = 40% for 10m`, or an expectation a time" }
    | NotGiven(name, why) ->
        { says "R092" $"{quote name} is not for a scenario to give" with
            Expected = Some "a metric that is measured, a fact of the gateway, `load`, `resident` or `peers.unknown`"
            Found = Some(quote name + $": {why}") }
    | SegmentWithoutEnd ->
        { says "R093" "this lasts to the end of the scenario, and more follows" with
            Expected = Some "a length on all parts of a series but the last"
            Mend = Some "add `for 10m`" }
    | SeriesEnds(name, at, until) ->
        { says "R094" $"{quote name} ends before the scenario does" with
            Expected = Some $"values until {span until}"
            Found = Some $"its last one ends at {span at}"
            Mend = Some "leave the last `for` out, or end with `?` where nothing is measured" }
    | NotRising name ->
        { says "R095" $"{quote name} does not move like this" with
            Expected =
                Some(
                    if name = "idle" then
                        "`0s for …` while somebody works, and `rising for …` while nobody does"
                    else
                        "values: only `idle` rises by itself"
                )
            Mend =
                Some(
                    if name = "idle" then
                        "write `0s for 3m, rising for 10m`"
                    else
                        "write `10% -> 50% over 5m`"
                ) }
    | FactMissing name ->
        { says "R096" $"{quote name} is never missing" with
            Expected = Some "values: facts are always known"
            Found = Some "`?`" }
    | TooManySegments limit ->
        { says "R097" "this series has too many parts" with Expected = Some $"at most {limit}, those in `times` counted each time" }
    | GivenTwice(name, other) ->
        { says "R098" $"{quote name} is computed from {quote other} here" with
            Expected = Some $"{quote name} or {quote other}"
            Found = Some "both"
            Mend = Some "remove one of them" }
    | TimesReversed(first, last) ->
        { says "R099" "no time is between these" with
            Expected = Some "the earlier time first"
            Found = Some $"{span first} .. {span last}"
            Mend = Some("write " + quote (span last + " .. " + span first)) }
    | EmptyTuneRange(kind, value, least, most) ->
        let show = Quantity.show kind

        { says "R120" "there is nothing to search in this range" with
            Expected = Some "the lesser end first, and the value between them"
            Found = Some $"{show value} in {show least} .. {show most}"
            Mend = (if least > most && most <= value && value <= least then Some("write " + quote (show most + " .. " + show least)) else None) }
    | TunedInVain what ->
        { says "R121" $"`tune` in {what}" with
            Expected = Some "`tune` at a literal of a rule, forbid, let, size or cooldown: what the policy decides by"
            Mend = Some "leave `tune` and its range out" }
