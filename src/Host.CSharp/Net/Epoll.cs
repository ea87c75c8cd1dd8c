using System.Runtime.InteropServices;

namespace Serverless.Host.Net;

/// <summary>
/// An epoll instance and its event buffer. struct epoll_event is packed on x86-64 only, so entries are read by offset.
/// Everything is edge-triggered: an event says that something became ready, and is not said again until it was used up.
/// </summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int Capacity = 256;
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EntrySize = DataOffset + 8;

    private readonly int _fd;
    private readonly byte* _entries;
    private bool _closed;

    public Epoll()
    {
        _fd = Native.epoll_create1(Native.EpollCloexec);
        if (_fd < 0) throw new IOException($"epoll_create1 failed: {Native.Describe(Native.LastError)}");
        _entries = (byte*)NativeMemory.AllocZeroed((nuint)(Capacity * EntrySize));
    }

    public void Add(int fd, uint events, ulong data) => Control(Native.EpollAdd, fd, events, data);

    public void Modify(int fd, uint events, ulong data) => Control(Native.EpollModify, fd, events, data);

    /// <summary>Waits up to <paramref name="timeoutMs"/> (-1: without limit) and returns the number of events to read.</summary>
    public int Wait(int timeoutMs)
    {
        var count = Native.epoll_wait(_fd, _entries, Capacity, timeoutMs);
        if (count >= 0) return count;
        var error = Native.LastError;
        return error == Native.EINTR ? 0 : throw new IOException($"epoll_wait failed: {Native.Describe(error)}");
    }

    public uint EventsAt(int index) => *(uint*)(_entries + (index * EntrySize));

    public ulong DataAt(int index) => *(ulong*)(_entries + (index * EntrySize) + DataOffset);

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        Native.close(_fd);
        NativeMemory.Free(_entries);
    }

    private void Control(int operation, int fd, uint events, ulong data)
    {
        var entry = stackalloc byte[16];
        *(uint*)entry = events;
        *(ulong*)(entry + DataOffset) = data;
        if (Native.epoll_ctl(_fd, operation, fd, entry) < 0)
            throw new IOException($"epoll_ctl failed: {Native.Describe(Native.LastError)}");
    }
}
