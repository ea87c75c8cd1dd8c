using Serverless.Host.Compute.Kubernetes.Api.Objects;
using Serverless.Host.Compute.Kubernetes.Wesql;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Kubernetes;

/// <summary>A database that is a StatefulSet of a cluster.</summary>
internal sealed record KubernetesComputeOptions
{
    /// <summary>Name of the database, for messages.</summary>
    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public required string StatefulSet { get; init; }

    /// <summary>The container of its pods that the engine is in.</summary>
    public required string Container { get; init; }

    /// <summary>Where the engine takes connections in its pod.</summary>
    public int Port { get; init; } = 3306;

    /// <summary>An account on it for the gateway alone: it must be allowed to read the account tables and to set global variables.</summary>
    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>Null: no TLS.</summary>
    public EngineTls? Tls { get; init; }

    /// <summary>The data outlives the pod, whatever its volumes look like.</summary>
    public bool TrustsStorage { get; init; }

    /// <summary>The gateway sets the size of the buffer pool by the size of the compute; otherwise it is what the engine's own configuration says.</summary>
    public bool ManagesBufferPool { get; init; } = true;

    /// <summary>How long a start may take, from the scale request to the first answer, before it has failed.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long dirty pages may be written before the engine is asked to end.</summary>
    public TimeSpan PrepareLimit { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a statement of the gateway's own may take.</summary>
    public TimeSpan StatementLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one attempt to log in to a pod that starts may take.</summary>
    public TimeSpan DialLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the gateway's account may be refused while a pod starts: some images make their accounts after the engine listens.</summary>
    public TimeSpan RefusalLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an engine that served may answer nothing before it counts as down. Its kubelet restarts it, not we.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How soon an engine that serves among several is asked again whether it takes writes. A look comes with every change of a pod, and those come in crowds.</summary>
    public TimeSpan RolePause { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a resize that the node puts off, or does not carry out, may take before it is given up and taken back.</summary>
    public TimeSpan ResizeLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>It is a WeSQL cluster; null: it is MySQL or MariaDB.</summary>
    public WesqlOptions? Wesql { get; init; }

    /// <summary>The engine takes the PROXY protocol from the gateway, and sees each client at its own address.</summary>
    public bool ReadsProxyHeader { get; init; }

    /// <summary>The size of the nodes is asked for, and bounds that of the pods.</summary>
    public bool ReadsNodes { get; init; }

    /// <summary>What the StatefulSet's own annotations say of it counts, since no configuration names it.</summary>
    public bool ReadsAnnotations { get; init; }

    /// <summary>
    /// Asked of each version before it is scaled to zero: why it must not be, in words; null: it may. Several gateways say here whether all have agreed. Null: this gateway is alone.
    /// </summary>
    public Func<StatefulSet, string?>? WhyNotStop { get; init; }
}
