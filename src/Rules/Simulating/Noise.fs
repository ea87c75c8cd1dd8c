/// Chance that is the same for the same seed, on every machine and in every version: a number for each place, without a sequence.
module internal Serverless.Rules.Noise

/// SplitMix64's finalizer (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
let private mix (value: uint64) : uint64 =
    let value = (value ^^^ (value >>> 30)) * 0xBF58_476D_1CE4_E5B9UL
    let value = (value ^^^ (value >>> 27)) * 0x94D0_49BB_1331_11EBUL
    value ^^^ (value >>> 31)

/// From 0 to `below` - 1, for a seed, something that is decided, and a place of it.
let at (seed: uint64) (what: int) (place: int64) (below: int) : int =
    let place = mix (uint64 place + 0x9E37_79B9_7F4A_7C15UL)
    int (mix (seed ^^^ mix (uint64 what ^^^ place)) % uint64 below)
