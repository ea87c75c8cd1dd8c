namespace Serverless.Core

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
      /// Statements a second (in thousandths) and mean latency (milliseconds) since the last report.
      QueriesRate: int64
      QueriesLatency: int64<ms> }

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
    /// Suspending (go on) or Running (cancelled).
    | Drained
    | Succeeded
    | FailedWith of reason: string
    | StillPending of reason: string
    | DeferredBy of reason: string
    | InfeasibleFor of reason: string
    /// The drain or the guard before the point of no return found work: back to Running, no back-off towards failure.
    | RefusedBy of reason: string

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

/// Everything that can change a decision is an input, so a log of inputs replays it.
type Input = { At: int64<ms>; Event: Event }

/// What the host is to carry out, tagged with the revision to report back with.
type Effect =
    | DoSuspend
    | DoResume of size: int64<mcu>
    | DoResize of size: int64<mcu>

/// A proposal that did not get through, and why, in words.
type Blocked = { Proposal: string; By: string; Reason: string }

type Decision =
    { At: int64<ms>
      Revision: int64
      Phase: Phase
      /// At most one, and only when it is to be begun now.
      Effect: Effect voption
      /// Names of the rules (or built-in reasons such as `wake`, `bounds`, `command`) that determined it.
      Because: string list
      Blocked: Blocked list
      Warnings: string list
      /// A held statement gets this error at once (a rule forbids resuming, or the operator paused); None: it may wait.
      RefuseHeld: string option
      /// When to call again if nothing happens.
      NextCheck: int64<ms> }
