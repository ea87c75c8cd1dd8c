/// Bounds that are the kernel's own and no policy's. All times are milliseconds.
module internal Serverless.Core.Limits

/// No instant: later than all.
[<Literal>]
let Never = 0x3FFFFFFFFFFFFFFFL<ms>

/// An instant before all.
[<Literal>]
let Long = -0x3FFFFFFFFFFFFFFFL<ms>

/// `NextCheck` is never further away.
[<Literal>]
let Horizon = 3_600_000L<ms>

/// Samples kept of one metric at most, whatever its windows ask for; older ones make the window Unknown.
[<Literal>]
let Samples = 65_536

/// Facts that a rule aggregates are sampled this often at most, and at a thousandth of the widest window otherwise.
[<Literal>]
let FactPeriod = 1_000L<ms>

/// Skipped instants that are made up for when the host calls late. After a longer silence timers start anew, which is safe.
[<Literal>]
let CatchUp = 512

/// A compute that ran this long before it crashed is no crash loop.
[<Literal>]
let Stable = 60_000L<ms>

/// An effect in flight without a word for this long no longer outweighs what is observed.
[<Literal>]
let Patience = 900_000L<ms>
