namespace Serverless.Host.Compute.Local;

/// <summary>How a local compute is run.</summary>
public sealed record LocalComputeOptions
{
    /// <summary>Name of the database, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>Folder of this database alone: the engine's data, its log, its socket and what the gateway keeps beside them. Made when missing.</summary>
    public required string Directory { get; init; }

    /// <summary>The engine's program; null: the first of mariadbd and mysqld that is found.</summary>
    public string? EnginePath { get; init; }

    /// <summary>Further arguments for the engine, after ours, so that they win. Those that decide where the engine lives are refused.</summary>
    public IReadOnlyList<string> EngineArguments { get; init; } = [];

    /// <summary>The engine's max_connections.</summary>
    public int MaxConnections { get; init; } = 4000;

    /// <summary>Account made for clients when the data directory is made.</summary>
    public string FirstAccountUser { get; init; } = "app";

    /// <summary>Its password; null: a random one.</summary>
    public string? FirstAccountPassword { get; init; }

    /// <summary>How long a start may take, crash recovery included, before it has failed.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long dirty pages may be written before the engine is asked to end.</summary>
    public TimeSpan PrepareLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the engine may take to end after SIGTERM before it is killed.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The same when it is to hurry.</summary>
    public TimeSpan HurriedStopLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an engine that was found running may take to answer before it is stopped and another one started.</summary>
    public TimeSpan AdoptLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a statement of the gateway's own may take.</summary>
    public TimeSpan StatementLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long an engine that serves may answer nothing before it is killed, as one that hangs; its data is recovered at the next start.</summary>
    public TimeSpan SilenceLimit { get; init; } = DefaultSilenceLimit;

    /// <summary>Longer than a machine that swaps or a disk that stalls keeps a sound engine silent.</summary>
    public static TimeSpan DefaultSilenceLimit { get; } = TimeSpan.FromMinutes(2);

    /// <summary>Limit the engine by control groups where they may be written.</summary>
    public bool UseControlGroups { get; init; } = true;
}
