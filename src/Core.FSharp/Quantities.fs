namespace Serverless.Core

/// Milliseconds: a duration, or an instant as Unix time in UTC.
[<Measure>] type ms
/// Thousandths of a compute unit: the one ordered scalar of size.
[<Measure>] type mcu
/// Thousandths of a processor core.
[<Measure>] type mcpu
/// Bytes of memory.
[<Measure>] type bytes

/// The type of a value in the rule language. Each is carried as an int64 in the scale given here,
/// so that incremental and recomputed sums agree to the last digit.
type ValueType =
    /// basis points: 80% is 8000
    | Percent
    /// thousandths of one: 3 is 3000
    | Count
    /// thousandths per second: 2.5/s is 2500
    | Rate
    /// millicores
    | Cpu
    /// bytes
    | Bytes
    /// milliseconds
    | Duration
    /// thousandths of a compute unit
    | Size
    /// 0 or 1
    | Flag

/// What one compute unit is made of: `unit cu = 500m cpu + 2GiB memory`.
type ComputeUnit = { Cpu: int64<mcpu>; Memory: int64<bytes> }

module ComputeUnit =
    /// The processor share of a size, in millicores, rounded down.
    let cpu (size: int64<mcu>) (unit: ComputeUnit) : int64<mcpu> = unit.Cpu * int64 size / 1000L
    /// The memory of a size, in bytes, rounded down.
    let memory (size: int64<mcu>) (unit: ComputeUnit) : int64<bytes> = unit.Memory * int64 size / 1000L
