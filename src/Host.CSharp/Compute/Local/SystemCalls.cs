using System.Runtime.InteropServices;

namespace Serverless.Host.Compute.Local;

/// <summary>The calls of Linux and its C library that the base library lacks: spawning into a session of its own, process descriptors, owners of files.</summary>
internal static unsafe partial class SystemCalls
{
    public const int SigKill = 9, SigTerm = 15;
    public const int OpenReadOnly = 0, OpenAppend = 0x1 | 0x40 | 0x400;
    public const short SpawnSetSigDefault = 0x04, SpawnSetSigMask = 0x08, SpawnSetSid = 0x80;
    public const int WaitByPidFd = 3, WaitExited = 4, WaitNoHang = 1;
    public const int AtCurrentDirectory = -100, AtSymlinkNoFollow = 0x100;
    public const uint StatxBasic = 0x7ff;

    // The generic system call numbers: the same on every architecture since Linux 5.
    private const long PidFdSendSignal = 424, PidFdOpen = 434;

    [LibraryImport("libc", SetLastError = true)] private static partial long syscall(long number, long first, long second, long third, long fourth);
    [LibraryImport("libc")] public static partial int close(int fd);
    [LibraryImport("libc")] public static partial uint geteuid();
    [LibraryImport("libc", SetLastError = true)] public static partial int waitid(int kind, int id, void* info, int options);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)] public static partial int lchown(string path, uint owner, uint group);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)] public static partial int statx(int directory, string path, int flags, uint mask, void* result);
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)] public static partial int posix_spawn(int* pid, string path, void* actions, void* attributes, byte** arguments, byte** environment);
    [LibraryImport("libc")] public static partial int posix_spawnattr_init(void* attributes);
    [LibraryImport("libc")] public static partial int posix_spawnattr_destroy(void* attributes);
    [LibraryImport("libc")] public static partial int posix_spawnattr_setflags(void* attributes, short flags);
    [LibraryImport("libc")] public static partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);
    [LibraryImport("libc")] public static partial int posix_spawnattr_setsigmask(void* attributes, void* signals);
    [LibraryImport("libc")] public static partial int posix_spawn_file_actions_init(void* actions);
    [LibraryImport("libc")] public static partial int posix_spawn_file_actions_destroy(void* actions);
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)] public static partial int posix_spawn_file_actions_addopen(void* actions, int fd, string path, int flags, uint mode);
    [LibraryImport("libc")] public static partial int posix_spawn_file_actions_adddup2(void* actions, int from, int to);
    [LibraryImport("libc")] public static partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int from);

    /// <summary>A descriptor of the process that becomes readable when it ends; negative: errno is set.</summary>
    public static int OpenProcess(int pid) => (int)syscall(PidFdOpen, pid, 0, 0, 0);

    /// <summary>Sends the signal to just that process, whatever became of its number since.</summary>
    public static bool Signal(int pidFd, int signal) => syscall(PidFdSendSignal, pidFd, signal, 0, 0) == 0;

    public static string LastErrorText => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
}
