namespace Serverless.Rules

open System
open System.IO

/// What tells that a file is still the one that it was: how long it is, and when it was written last.
[<Struct; NoComparison>]
type internal FileStamp =
    { Length: int64
      Written: DateTime }

module internal FileStamp =
    let of' (stream: FileStream) : FileStamp =
        { Length = RandomAccess.GetLength stream.SafeFileHandle
          Written = File.GetLastWriteTimeUtc stream.SafeFileHandle }

    /// Nothing is in it as far as can be told without opening it, which for a pipe may take for ever. False where it is not there.
    let isEmpty (file: string) : bool =
        let file = Path.GetFullPath file

        match File.ResolveLinkTarget(file, true) with
        | null -> File.Exists file && FileInfo(file).Length = 0L
        | target -> File.Exists target.FullName && FileInfo(target.FullName).Length = 0L
