namespace Serverless.Core

/// Failed attempts in a row, and when the next one may begin.
[<Struct; NoComparison>]
type internal Backoff =
    { Failures: int
      NotBefore: int64<ms>
      Reason: string }

module internal Backoff =
    let none = { Failures = 0; NotBefore = Limits.Long; Reason = "" }

    /// First delay and longest delay of each kind of effect.
    let private bounds =
        function
        | SuspendAction -> struct (2_000L<ms>, 30_000L<ms>)
        | ResumeAction -> struct (500L<ms>, 30_000L<ms>)
        | ResizeUpAction
        | ResizeDownAction -> struct (5_000L<ms>, 300_000L<ms>)

    /// Delay after this many failures in a row, from 1 on: doubled each time, bounded.
    let delay (kind: ActionKind) (failures: int) : int64<ms> =
        let struct (first, longest) = bounds kind
        min longest (first * (1L <<< min 20 (max 0 (failures - 1))))

    let failed kind now reason (backoff: Backoff) : Backoff =
        let failures = min 1_000_000 (backoff.Failures + 1)
        { Failures = failures; NotBefore = now + delay kind failures; Reason = reason }

    /// It can never be here: asked again only after the longest delay.
    let infeasible kind now reason (backoff: Backoff) : Backoff =
        let struct (_, longest) = bounds kind
        { Failures = min 1_000_000 (backoff.Failures + 1); NotBefore = now + longest; Reason = reason }

    /// It was decided and not carried out, on purpose: that is no failure, and is not said again at every look.
    let withheld kind now reason : Backoff =
        let struct (_, longest) = bounds kind
        let pause = if kind = SuspendAction then Limits.Withheld else longest
        { Failures = 0; NotBefore = now + pause; Reason = reason }

    /// What holds back an action was its being withheld.
    let isWithheld (backoff: Backoff) = backoff.Failures = 0 && backoff.NotBefore > Limits.Long

    let forgetWithheld (backoff: Backoff) = if isWithheld backoff then none else backoff

    /// A compute that stayed up ends the row of failed resumes before it.
    let endedRun ranFor (backoff: Backoff) : Backoff = if ranFor >= Limits.Stable then none else backoff

    /// A compute that ran crashed: the first restart is at once, the next ones back off until one has stayed up.
    let crashed now ranFor reason (backoff: Backoff) : Backoff =
        match endedRun ranFor backoff with
        | row when row.Failures = 0 -> { Failures = 1; NotBefore = now; Reason = reason }
        | row -> failed ResumeAction now reason row

    let over now (backoff: Backoff) = now >= backoff.NotBefore
