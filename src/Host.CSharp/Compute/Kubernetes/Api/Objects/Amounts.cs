using System.Collections.ObjectModel;

namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>Amounts by the name of the resource.</summary>
internal static class Amounts
{
    public const string Cpu = "cpu";
    public const string Memory = "memory";

    public static IReadOnlyDictionary<string, Quantity> None => ReadOnlyDictionary<string, Quantity>.Empty;
}
