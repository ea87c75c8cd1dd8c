namespace Serverless.Host.Gateway.Sessions;

/// <summary>What became of a KILL that was aimed at a backend connection.</summary>
internal enum KillAim
{
    /// <summary>None was.</summary>
    None,

    /// <summary>Its statement only, or the server would not.</summary>
    Statement,

    /// <summary>The server has been asked to end it, and has not answered.</summary>
    Connection,

    /// <summary>The server ends it.</summary>
    Killed,
}
