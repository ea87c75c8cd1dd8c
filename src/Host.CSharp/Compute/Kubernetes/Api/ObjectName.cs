namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Name of an object, and the namespace it is in; null for objects of the cluster.</summary>
internal readonly record struct ObjectName(string? Space, string Name)
{
    /// <summary>As most kinds have it. See https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 253 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.') && char.IsAsciiLetterOrDigit(name[0]) && char.IsAsciiLetterOrDigit(name[^1]);

    public override string ToString() => Space is null ? Name : $"{Space}/{Name}";
}
