namespace Serverless.Host.Gateway.Sessions;

internal enum GatePhase : byte
{
    /// <summary>No compute.</summary>
    Closed,

    /// <summary>Sessions attach as they need.</summary>
    Open,

    /// <summary>A drain looks for what forbids it: nothing new begins, nothing is taken back yet.</summary>
    Checking,

    /// <summary>Sessions give their backend connections back.</summary>
    Draining,

    /// <summary>No session has a backend connection and none gets one. The compute may still run.</summary>
    Drained,
}
