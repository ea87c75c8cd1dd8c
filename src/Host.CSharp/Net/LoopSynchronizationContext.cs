namespace Serverless.Host.Net;

/// <summary>Brings `await` of ordinary tasks back to the loop.</summary>
internal sealed class LoopSynchronizationContext(EventLoop loop) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => loop.PostWork(d, state);

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (loop.IsCurrent)
        {
            d(state);
            return;
        }
        throw new NotSupportedException("A loop's thread is never waited for; use Post, or await EventLoop.SwitchTo().");
    }

    public override SynchronizationContext CreateCopy() => this;
}
