namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Name of an object, and the namespace it is in; null for objects of the cluster.</summary>
internal readonly record struct ObjectName(string? Space, string Name)
{
    public override string ToString() => Space is null ? Name : $"{Space}/{Name}";
}
