using System.Runtime.CompilerServices;

namespace Serverless.Host.Net;

/// <summary>Awaiting it goes on on the loop's thread; nothing happens when it is the current one.</summary>
public readonly struct SwitchToLoop(EventLoop loop) : ICriticalNotifyCompletion, IEquatable<SwitchToLoop>
{
    private readonly EventLoop _loop = loop;

    public bool IsCompleted => _loop.IsCurrent;

    public SwitchToLoop GetAwaiter() => this;

    public void GetResult() { }

    public void OnCompleted(Action continuation) => _loop.PostWork(continuation, state: null);

    public void UnsafeOnCompleted(Action continuation) => _loop.PostWork(continuation, state: null);

    public bool Equals(SwitchToLoop other) => _loop == other._loop;

    public override bool Equals(object? obj) => obj is SwitchToLoop other && Equals(other);

    public override int GetHashCode() => _loop.GetHashCode();

    public static bool operator ==(SwitchToLoop left, SwitchToLoop right) => left.Equals(right);

    public static bool operator !=(SwitchToLoop left, SwitchToLoop right) => !left.Equals(right);
}
