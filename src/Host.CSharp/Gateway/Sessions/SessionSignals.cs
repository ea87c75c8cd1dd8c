namespace Serverless.Host.Gateway.Sessions;

/// <summary>What a session has been asked to do, or told, from outside of its own flow; it obeys between two commands.</summary>
[Flags]
internal enum SessionSignals : byte
{
    None = 0,

    /// <summary>Give the backend connection back.</summary>
    Detach = 1 << 0,

    /// <summary>The backend connection broke while nothing ran on it.</summary>
    BackendGone = 1 << 1,

    /// <summary>Somebody killed this connection.</summary>
    Killed = 1 << 2,

    /// <summary>The gateway stops.</summary>
    Stop = 1 << 3,

    ClientGone = 1 << 4,

    /// <summary>Ask the server whether what pins the session by suspicion is there.</summary>
    Probe = 1 << 5,

    /// <summary>Somebody killed the statement that waits for a compute; of no meaning to a session that has none.</summary>
    QueryKilled = 1 << 6,
}

internal enum SessionPhase : byte
{
    /// <summary>Between two commands, waiting for its client.</summary>
    Idle,

    /// <summary>A statement of it stands in line.</summary>
    Held,

    /// <summary>It attaches, detaches, or a command of it runs.</summary>
    Busy,
}
