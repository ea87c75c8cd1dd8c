namespace Serverless.Core

open System

/// Where a database's compute is in its life.
type Phase =
    | Suspended
    | Resuming
    | Running
    | Resizing
    /// Sessions give back their backend connections; a new statement still cancels (unless an operator asked).
    | Draining
    /// Past the point of no return: SIGTERM sent, or the scale request issued.
    | Suspending
    | Failed

/// What the gateway knows of its sessions at one instant. All counts are of this database.
type Activity =
    { /// Statements that wait for a compute.
      Held: int
      /// Statements under way on a compute.
      Running: int
      /// Sessions in an open transaction.
      Transactions: int
      /// Sessions with state that cannot be restored, open transactions not counted.
      Pinned: int
      Open: int
      /// Sessions executing or holding a backend connection.
      Active: int
      /// Clients on other gateways that have not been heard of lately: they count as active.
      UnknownPeers: int
      /// When the last statement that would wake a compute ended; None before the first one since the start.
      LastEnded: int64<ms> option
      /// The shortest time that an open transaction has been idle; 0 while none is idle.
      TransactionsIdle: int64<ms>
      /// The shortest time that a pinned session has been idle.
      PinnedIdle: int64<ms>
      /// Statements that ended a second (in thousandths) and their mean latency, reckoned over a time that began at `QueriesSince` and ended when this was told first.
      /// Those of other gateways are reckoned when they are heard of.
      QueriesRate: int64
      QueriesLatency: int64<ms>
      /// None: nothing ended, or it is not known. No rule can ask for it; a load that is made of a log counts statements by it.
      QueriesSince: int64<ms> option }

/// What was found when the compute was looked at. Somebody else's hand is respected: what is found is what is.
type Observation =
    /// It serves, with this size where it is known.
    | ComputeServes of size: int64<mcu> voption
    /// It is being started or is not ready, not by our hand.
    | ComputeStarting
    /// Nothing runs, and nobody of us stopped it (found stopped or scaled to zero).
    | ComputeGone
    /// It ended without being asked to.
    | ComputeCrashed of reason: string

/// What became of the effect in flight.
type Outcome =
    /// All sessions gave back their connections, and the compute itself knows of no work from elsewhere. The kernel answers with
    /// Suspending (go on) or Running (cancelled). Report the activity as it is after the drain before this.
    | Drained
    | Succeeded
    | FailedWith of reason: string
    | StillPending of reason: string
    | DeferredBy of reason: string
    | InfeasibleFor of reason: string
    /// The drain or the guard before the point of no return found work: back to Running, no back-off towards failure.
    | RefusedBy of reason: string
    /// It was decided, and on purpose not carried out (shadow mode). No failure, and not decided again while nothing changes.
    | WithheldBy of reason: string

type Command =
    | SuspendCommand
    | ResumeCommand of size: int64<mcu> voption
    | ResizeCommand of size: int64<mcu>
    | PauseCommand
    | UnpauseCommand

type Event =
    | Tick
    /// A measured sample in the scale of the metric's type.
    | Measured of metric: string * value: int64
    /// Samples of different metrics that were taken together, of one instant: all are in before anything is looked at.
    | MeasuredTogether of struct (string * int64) list
    | ActivityChanged of Activity
    | Observed of Observation
    /// Memory that cannot be given back: the resident set without the buffer pool.
    | Unreclaimable of int64<bytes>
    /// What the machine or node has at most.
    | Capacity of cpu: int64<mcpu> * memory: int64<bytes>
    | EffectOutcome of revision: int64 * Outcome
    | Commanded of Command * by: string
    /// The policy that `step` is given is a new one.
    | PolicyChanged

    /// What was measured at one instant: a sample of each of these metrics, of one at least.
    static member OfSamples(samples: struct (string * int64) seq) : Event =
        match List.ofSeq samples with
        | [ struct (metric, value) ] -> Measured(metric, value)
        | several -> MeasuredTogether several

/// Everything that can change a decision is an input, so a log of inputs replays it.
type Input = { At: int64<ms>; Event: Event }

/// How a suspend is to take the backend connections back.
type Drain =
    { /// Somebody asked for it: new statements wait (for a bounded time) instead of cancelling it, and transactions may end first.
      ByOperator: bool
      /// What it may give up on, and after how long.
      Breaking: Breaking }

    /// Transactions idle at least this long are given up on; null: never.
    member drain.BreakTransactionsIdle: Nullable<TimeSpan> =
        match drain.Breaking.Transactions with
        | Some idle -> Nullable(TimeSpan.FromMilliseconds(float idle))
        | None -> Nullable()

    /// Pinned sessions idle at least this long are given up on; null: never.
    member drain.BreakPinnedIdle: Nullable<TimeSpan> =
        match drain.Breaking.PinnedSessions with
        | Some idle -> Nullable(TimeSpan.FromMilliseconds(float idle))
        | None -> Nullable()

/// What the host is to carry out, tagged with the revision to report back with.
type Effect =
    /// Drain, ask the compute for work from elsewhere, report `Drained`; stop it once the kernel's phase is `Suspending`.
    | DoSuspend of Drain
    | DoResume of size: int64<mcu>
    | DoResize of size: int64<mcu>

    /// One function for each case; sizes in thousandths of a compute unit.
    member effect.Match(suspend: Func<Drain, 'r>, resume: Func<int64, 'r>, resize: Func<int64, 'r>) : 'r =
        match effect with
        | DoSuspend drain -> suspend.Invoke drain
        | DoResume size -> resume.Invoke(int64 size)
        | DoResize size -> resize.Invoke(int64 size)

/// What spoke for the effect, with the values that were seen.
type Reason =
    { /// Name of the rule, or a built-in reason: `wake`, `bounds`, `command`, `crash`.
      By: string
      /// In words: `suspend`, `resize to 2cu`.
      Proposal: string
      /// In words: `idle 312 s >= 300 s`.
      Seen: string list }

/// A proposal that did not get through, and why, in words.
type Blocked =
    { /// Who proposed it, as in `Reason.By`.
      Rule: string
      Proposal: string
      /// The forbid, `cooldown`, `back-off`, `memory`, `activity`, `pause`.
      By: string
      Reason: string
      /// When this reason ends by itself; None: when something else changes.
      Until: int64<ms> voption }

type Decision =
    { /// When it was made. A quiet tick gives back the decision that stands, so it may lie before the tick.
      At: int64<ms>
      Revision: int64
      Phase: Phase
      /// At most one, and only when it is to be begun now.
      Effect: Effect voption
      /// Names of the rules (or built-in reasons such as `wake`, `bounds`, `command`) that determined it.
      Because: string list
      /// The same with what was proposed and seen, for explanations.
      Reasons: Reason list
      Blocked: Blocked list
      Warnings: string list
      /// A held statement gets this error at once (a rule forbids resuming, or the operator paused); None: it may wait.
      RefuseHeld: string option
      /// When to call again if nothing happens.
      NextCheck: int64<ms> }

    /// The effect to begin now; null when there is none.
    member decision.EffectOrNull: Effect | null =
        match decision.Effect with
        | ValueSome effect -> effect
        | ValueNone -> null

    /// The error that held statements get at once; null when they may wait.
    member decision.RefuseHeldOrNull: string | null =
        match decision.RefuseHeld with
        | Some reason -> reason
        | None -> null
