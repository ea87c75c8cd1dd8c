/// Bounds that are the kernel's own and no policy's. All times are milliseconds.
module internal Serverless.Core.Limits

/// No instant: later than all.
[<Literal>]
let Never = 0x3FFFFFFFFFFFFFFFL<ms>

/// An instant before all.
[<Literal>]
let Long = -0x3FFFFFFFFFFFFFFFL<ms>

/// Inputs are taken at an instant of this span at most (some 270,000 years around 1970), so that no sum of times overflows.
[<Literal>]
let Earliest = -8_640_000_000_000_000L<ms>

[<Literal>]
let Latest = 8_640_000_000_000_000L<ms>

/// No size is larger, whoever found or asked for it: sums and products of sizes stay exact.
[<Literal>]
let LargestSize = 1_000_000_000_000L<mcu>

/// `NextCheck` is never further away.
[<Literal>]
let Horizon = 3_600_000L<ms>

/// Samples kept of one metric at most, whatever its windows ask for; a window that reaches further back is Unknown.
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

/// A suspend that was withheld on purpose is decided again after this long at the latest.
[<Literal>]
let Withheld = 3_600_000L<ms>

/// An effect in flight without a word for this long no longer outweighs what is observed.
[<Literal>]
let Patience = 900_000L<ms>
