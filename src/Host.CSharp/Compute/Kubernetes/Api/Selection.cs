namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Which objects of a kind are meant, by their labels and by the few fields that a server selects by (`metadata.name=db`).</summary>
internal sealed record Selection(string? Labels = null, string? Fields = null)
{
    public static Selection All { get; } = new();

    /// <summary>The one of this name: an account needs no right to the others to watch it.</summary>
    public static Selection ByName(string name) => new(Fields: "metadata.name=" + name);
}
