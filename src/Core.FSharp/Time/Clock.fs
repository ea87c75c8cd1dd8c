namespace Serverless.Core

/// The time that a kernel is told, in milliseconds of Unix time, of a clock that somebody may set: an immutable reading. It never runs backwards and never stands still.
/// A clock that was set forward is followed at once. One that was set back is waited for at half its speed: what waits for a time, such as a back-off, waits twice as
/// long meanwhile, and not until the clock shows again what it showed. Beside the clock it needs one that nobody sets, in milliseconds from any instant.
[<Struct>]
type Clock private (now: int64<ms>, anchor: int64<ms>, anchored: int64<ms>) =
    /// It is this late, as that other clock shows `steady`.
    static member Set(now: int64<ms>, steady: int64<ms>) : Clock = Clock(now, now, steady)

    /// What the kernel is told.
    member _.Now: int64<ms> = now

    /// Later: the clock shows this.
    member _.Read(shown: int64<ms>, steady: int64<ms>) : Clock =
        let waiting = anchor + max 0L<ms> (steady - anchored) / 2L
        if shown >= waiting then Clock(shown, shown, steady) else Clock(waiting, anchor, anchored)

    /// The state is from then, whoever's clock it was that showed it.
    member this.Reach(at: int64<ms>, steady: int64<ms>) : Clock = if at > now then Clock.Set(at, steady) else this

    /// By that other clock: when it will be this late, if it is still waited for then.
    member _.WaitsUntil(at: int64<ms>) : int64<ms> = anchored + max 0L<ms> (2L * (at - anchor))
