using System.Runtime.InteropServices;

namespace Serverless.Host.Compute.Local;

/// <summary>Owner, kind and permissions of a file, links not followed.</summary>
internal readonly record struct FileOwner(uint User, uint Group, int Mode)
{
    private const int KindMask = 0xf000, DirectoryKind = 0x4000, OthersMask = 0x3f;

    public bool IsDirectory => (Mode & KindMask) == DirectoryKind;

    public bool IsPrivate => (Mode & OthersMask) == 0;

    public static uint CurrentUser => SystemCalls.geteuid();

    /// <summary>Null: it does not exist or cannot be reached.</summary>
    public static unsafe FileOwner? Of(string path)
    {
        // struct statx: mask, blksize (4 bytes each), attributes (8), nlink, uid, gid (4 each), mode (2): statx(2).
        var result = stackalloc byte[256];
        if (SystemCalls.statx(SystemCalls.AtCurrentDirectory, path, SystemCalls.AtSymlinkNoFollow, SystemCalls.StatxBasic, result) != 0) return null;
        return new FileOwner(*(uint*)(result + 20), *(uint*)(result + 24), *(ushort*)(result + 28));
    }

    public void GiveTo(string path)
    {
        if (SystemCalls.lchown(path, User, Group) != 0) throw new IOException($"The owner of {path} cannot be changed: {SystemCalls.LastErrorText}");
    }
}
