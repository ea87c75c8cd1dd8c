namespace Serverless.Host.Compute.Engine;

/// <summary>What on an engine belongs to the gateway, or to the compute itself, and is no work of others.</summary>
internal interface IForeignWorkOwnership
{
    /// <param name="process">A row of SHOW FULL PROCESSLIST.</param>
    bool IsOurs(SqlRow process);

    /// <param name="source">HOST:PORT that the engine replicates from.</param>
    bool IsOurSource(string source);
}

/// <summary>Of an engine that only the gateway knows the gateway's account of.</summary>
internal sealed class OwnAccountOnly : IForeignWorkOwnership
{
    public bool IsOurs(SqlRow process) => process["User"] == ServiceAccount.User;

    public bool IsOurSource(string source) => false;
}
