/// All that is said of a policy as a whole, once nothing in it is an error.
module internal Serverless.Rules.Analysis.Analyses

open Serverless.Rules

let run (context: Context) : unit =
    ScheduleAnalysis.check context
    ConditionAnalysis.check context
    RuleAnalysis.check context
    SleepAnalysis.check context
    Flapping.FlappingAnalysis.check context

    if context.Running.GaveUp || context.Asleep.GaveUp then
        context.Skip(context.Policy.Name, "has conditions with too many ways to hold")

    if not context.Skipped.IsEmpty then
        let place = context.Place ""
        context.Report(place, place.Whole, NotAnalysed context.Skipped)
