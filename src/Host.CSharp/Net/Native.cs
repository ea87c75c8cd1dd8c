using System.Runtime.InteropServices;

namespace Serverless.Host.Net;

/// <summary>The few Linux calls that the loops are made of. Constants are those of the generic Linux ABI (x86-64, arm64).</summary>
internal static unsafe partial class Native
{
    public const int EpollCloexec = 0x80000, EpollAdd = 1, EpollModify = 3;
    public const uint EpollIn = 0x1, EpollOut = 0x4, EpollErr = 0x8, EpollHup = 0x10, EpollRdHup = 0x2000, EpollEdge = 1u << 31;
    public const int EventFdNonBlockCloexec = 0x80800;
    public const int SockStream = 1, SockNonBlockCloexec = 0x80800;
    public const int SolSocket = 1, SoReuseAddress = 2, SoError = 4, SoKeepAlive = 9;
    public const int IpProtoTcp = 6, TcpNoDelay = 1, TcpKeepIdle = 4, TcpKeepInterval = 5, TcpKeepCount = 6;
    public const int IpProtoIpv6 = 41, Ipv6Only = 26;
    public const int MsgNoSignal = 0x4000;
    public const int ShutWrite = 1;
    public const int OpenReadCloexec = 0x80000;

    public const int ENOENT = 2, EINTR = 4, EAGAIN = 11, ENOMEM = 12, EINVAL = 22, ENFILE = 23, EMFILE = 24, EPERM = 1, EPROTO = 71,
        EADDRINUSE = 98, EADDRNOTAVAIL = 99, ECONNABORTED = 103, ENOBUFS = 105, EINPROGRESS = 115;

    [LibraryImport("libc")] public static partial int epoll_create1(int flags);
    [LibraryImport("libc")] public static partial int epoll_ctl(int epoll, int operation, int fd, void* epollEvent);
    [LibraryImport("libc")] public static partial int epoll_wait(int epoll, void* events, int count, int timeoutMs);
    [LibraryImport("libc")] public static partial int eventfd(uint initial, int flags);
    [LibraryImport("libc")] public static partial int socket(int family, int type, int protocol);
    [LibraryImport("libc")] public static partial int bind(int fd, void* address, int length);
    [LibraryImport("libc")] public static partial int listen(int fd, int backlog);
    [LibraryImport("libc")] public static partial int accept4(int fd, void* address, int* length, int flags);
    [LibraryImport("libc")] public static partial int connect(int fd, void* address, int length);
    [LibraryImport("libc")] public static partial int getsockname(int fd, void* address, int* length);
    [LibraryImport("libc")] public static partial int getpeername(int fd, void* address, int* length);
    [LibraryImport("libc")] public static partial int setsockopt(int fd, int level, int name, void* value, int length);
    [LibraryImport("libc")] public static partial int getsockopt(int fd, int level, int name, void* value, int* length);
    [LibraryImport("libc")] public static partial int shutdown(int fd, int how);
    [LibraryImport("libc")] public static partial nint recv(int fd, void* buffer, nuint length, int flags);
    [LibraryImport("libc")] public static partial nint send(int fd, void* buffer, nuint length, int flags);
    [LibraryImport("libc")] public static partial nint sendmsg(int fd, MessageHeader* message, int flags);
    [LibraryImport("libc")] public static partial nint write(int fd, void* buffer, nuint length);
    [LibraryImport("libc")] public static partial int close(int fd);
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)] public static partial int open(string path, int flags);

    [LibraryImport("libc")] public static partial int getrlimit(int resource, ResourceLimit* limit);
    [LibraryImport("libc")] public static partial int setrlimit(int resource, ResourceLimit* limit);

    /// <summary>struct rlimit</summary>
    public struct ResourceLimit
    {
        public nuint Soft;
        public nuint Hard;
    }

    /// <summary>struct iovec</summary>
    public struct IoVector
    {
        public void* Start;
        public nuint Length;
    }

    /// <summary>struct msghdr</summary>
    public struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary>errno of the call just made. Must be read at once, before anything else is called.</summary>
    public static int LastError => Marshal.GetLastSystemError();

    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);

    public static void SetOption(int fd, int level, int name, int value) => setsockopt(fd, level, name, &value, sizeof(int));

    /// <summary>Options that only TCP has; a failure is harmless (the connection is merely slower to notice a dead peer).</summary>
    public static void SetTcpOptions(int fd)
    {
        SetOption(fd, IpProtoTcp, TcpNoDelay, 1);
        SetOption(fd, SolSocket, SoKeepAlive, 1);
        SetOption(fd, IpProtoTcp, TcpKeepIdle, 120);
        SetOption(fd, IpProtoTcp, TcpKeepInterval, 30);
        SetOption(fd, IpProtoTcp, TcpKeepCount, 4);
    }
}
