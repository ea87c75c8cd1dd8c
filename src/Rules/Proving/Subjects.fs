namespace Serverless.Rules

open Serverless.Core

/// Where something that is to hold does not, since the start, and what came instead.
[<Struct>]
type internal Fault =
    { At: int64<ms>
      /// When what broke it was decided: a resize that was begun in time may end too late.
      Decided: int64<ms>
      Words: string }

/// Something that is to hold in every life: a declared property, or what holds whatever the rules say.
type internal Subject =
    { Name: string
      /// None: it is no declaration.
      Origin: Origin option
      /// What it watches.
      Conditions: Condition list
      /// It can be told by a life like this.
      Applies: Scenario -> bool
      /// From what it watched, in the order of `Conditions`.
      Judge: Policy -> Scenario -> Course -> Truth[][] -> Fault option
      /// It was put to the test: what it speaks of came about.
      IsTested: Course -> Truth[][] -> bool
      /// What a scenario expects instead of this breach, behind `expect`.
      Expects: Fault -> string }

module internal Subject =
    let private span (value: int64<ms>) = Quantity.show Duration (int64 value)
    let private minute = 60_000L<ms>
    let private actions = [ SuspendAction; ResumeAction; ResizeUpAction; ResizeDownAction ]

    let private kinds (all: ActionKind list) : string =
        let isResize kind = kind = ResizeUpAction || kind = ResizeDownAction
        let resizes, others = List.partition isResize all
        let resizes = if resizes.Length = 2 then [ "resize" ] else resizes |> List.map PolicyText.actionKind
        (others |> List.map PolicyText.actionKind) @ resizes |> String.concat ", "

    let private wasTrue (truths: Truth[]) = truths |> Array.exists (fun truth -> truth.Value = ValueSome true)

    /// Nothing is in it that keeps a policy from acting in time: a compute that fails or is very slow, an operator, gateways that are not heard of.
    let private isSound (life: Scenario) =
        let isFair event =
            match event with
            | EffectsEnd(_, how) -> how = Success
            | EffectsTake(ResumeEffect, _) -> true
            | EffectsTake(_, length) -> length < 2L * minute
            | Operator _ -> false
            | _ -> true

        life.Events |> List.forall (fun (struct (_, event)) -> isFair event)
        && life.Series |> List.forall (fun series -> series.Name <> Given.peers)

    /// A load that never changes.
    let private isSteady (life: Scenario) =
        life.Events.IsEmpty && life.Series |> List.forall (fun series -> series.Pieces.Length = 1 && series.Pieces[0].First = series.Pieces[0].Last)

    let private ofClaim (property: Property) : Subject =
        let at (broken: Fault) = $"at {span broken.At}"

        // What was watched for it is all that it finds there.
        let judge (course: Course) truths =
            Breaches.broken 0 { course with Truths = truths } property |> Option.map (fun breach -> { At = breach.At; Decided = breach.At; Words = breach.Words })

        let subject =
            { Name = property.Name
              Origin = Some property.Origin
              Conditions = Breaches.conditions property
              Applies = fun _ -> true
              Judge = fun _ _ course truths -> judge course truths
              IsTested = fun course truths -> Breaches.isTested 0 { course with Truths = truths } property
              Expects = at }

        match property.Claim with
        | AtMost(_, wanted, _) ->
            { subject with
                // What fails is tried again, each time as an action of its own.
                Applies = isSound
                Expects = fun broken -> $"no {kinds wanted} {at broken}" }
        | NeverWhen(wanted, _) -> { subject with Expects = fun broken -> $"no {kinds wanted} {at broken}" }
        | AlwaysHolds(holds, _) -> { subject with Expects = fun broken -> $"{PolicyText.condition holds} {at broken}" }
        | LeadsTo(_, isFirst, wanted, within, _) ->
            { subject with
                // That a compute does not start, or an operator has it stopped, is no fault of a policy.
                Applies = isSound
                Expects =
                    fun broken ->
                        if isFirst && broken.Words.Contains "first came" then
                            $"no {kinds (actions |> List.except wanted)} {at broken}"
                        else
                            $"{kinds wanted} between {span (max 0L<ms> (broken.At - within))} .. {span broken.At}" }
        | SettlesWithin within ->
            { subject with
                Applies = isSteady
                Judge =
                    fun policy life course _ ->
                        Breaches.unsettled within (ScheduleEdges.during policy life) course
                        |> Option.map (fun at ->
                            let decided = course.Actions |> Array.tryFindBack (fun action -> action.At <= at) |> Option.map _.At |> Option.defaultValue at
                            { At = at; Decided = decided; Words = "it still changes, under a load that does not" })
                Expects = fun broken -> $"nothing between {span (min broken.Decided (within + 1L<ms>))} .. {span broken.At}" }

    let private declared (property: Property) : Subject =
        let subject = ofClaim property
        { subject with Applies = fun life -> subject.Applies life && not (Breaches.isOfTimes property && Scenario.setsClock life) }

    let private fact name = Compare(Metric name, Greater, Literal(Count, 0L))

    let private law name conditions judge : Subject =
        { Name = name
          Origin = None
          Conditions = conditions
          Applies = fun _ -> true
          Judge = judge
          IsTested = fun _ truths -> truths |> Array.forall wasTrue
          Expects = fun broken -> $"nothing at {span broken.At}" }

    let private valueAt (at: int64<ms>) (truths: Truth[]) =
        truths |> Array.tryFindBack (fun truth -> truth.At <= at) |> Option.map _.Value |> Option.defaultValue ValueNone

    /// What the kernel promises whatever the rules say, where a life can show it.
    let laws (policy: Policy) : Subject list =
        let busy = Or [ fact "queries.running"; fact "queries.held"; fact "transactions.open" ]

        let asleepWith (course: Course) (truths: Truth[][]) =
            course.Standings
            |> Array.tryFind (fun standing ->
                // What comes in the instant of the suspend, behind it, waits for the next compute.
                standing.Phase = Phase.Suspending
                && valueAt (standing.At - 1L<ms>) truths[0] = ValueSome true
                && not (truths[0] |> Array.exists (fun truth -> truth.At = standing.At && truth.Value = ValueSome false)))
            |> Option.map (fun standing -> { At = standing.At; Decided = standing.At; Words = "it is suspended while statements run or wait, or a transaction is open" })

        // Longer than any back-off.
        let patience = 5L * minute

        let waitsInVain (course: Course) (truths: Truth[][]) =
            let ends index (standings: Standing[]) = if index + 1 < standings.Length then standings[index + 1].At else course.Length

            course.Standings
            |> Array.indexed
            |> Array.tryPick (fun (index, standing) ->
                let until = ends index course.Standings
                let isAsleep = standing.Phase = Phase.Suspended || standing.Phase = Phase.Failed
                let since = truths[0] |> Array.tryFindBack (fun truth -> truth.At <= until - patience)

                match since with
                | Some truth when isAsleep && until - standing.At > patience && truth.Value = ValueSome true && not (truths[0] |> Array.exists (fun later -> later.At > truth.At && later.At <= until)) ->
                    Some { At = max standing.At truth.At + patience; Decided = standing.At; Words = "a statement waits, and nothing wakes the compute" }
                | _ -> None)

        let forbidsResume = policy.Forbids |> List.exists (fun forbid -> List.contains ResumeAction forbid.Blocks)

        [ law "what works is not suspended" [ busy ] (fun _ _ course truths -> asleepWith course truths)
          if not forbidsResume then
              { law "who waits is woken" [ fact "queries.held" ] (fun _ _ course truths -> waitsInVain course truths) with
                  Applies = isSound
                  Expects = fun broken -> $"resume between {span (max 0L<ms> (broken.At - patience))} .. {span broken.At}" }
          { law "it comes to rest" [] (fun _ _ course _ ->
                if course.IsCut then Some { At = course.Length; Decided = course.Length; Words = "it asks to be looked at too often" } else None) with
              IsTested = fun _ _ -> true } ]

    let all (suite: Suite) : Subject list = (suite.Properties |> Seq.map declared |> List.ofSeq) @ laws suite.Policy
