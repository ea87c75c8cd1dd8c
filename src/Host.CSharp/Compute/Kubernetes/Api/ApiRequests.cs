using System.Globalization;
using System.Text;
using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>Paths, queries and bodies, see https://kubernetes.io/docs/reference/using-api/api-concepts/.</summary>
internal static class ApiRequests
{
    private const string Json = "application/json";

    public static ApiRequest Get<T>(Resource<T> resource, ObjectName name) where T : class, IApiObject => Of(resource, HttpMethod.Get, "get", name);

    public static ApiRequest List<T>(Resource<T> resource, string? space, Selection selection, int limit, string? next) where T : class, IApiObject =>
        Of(resource, HttpMethod.Get, "list", new ObjectName(space, ""), Query(selection,
            ("limit", limit > 0 ? limit.ToString(CultureInfo.InvariantCulture) : null), ("continue", next)));

    public static ApiRequest Watch<T>(Resource<T> resource, string? space, Selection selection, string version, TimeSpan limit) where T : class, IApiObject =>
        Of(resource, HttpMethod.Get, "watch", new ObjectName(space, ""), Query(selection,
            ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", version),
            ("timeoutSeconds", ((long)Math.Ceiling(limit.TotalSeconds)).ToString(CultureInfo.InvariantCulture))));

    public static ApiRequest Create<T>(Resource<T> resource, string? space, T item) where T : class, IApiObject =>
        Of(resource, HttpMethod.Post, "create", new ObjectName(space, "")) with { Body = Bytes(resource, item), MediaType = Json };

    public static ApiRequest Replace<T>(Resource<T> resource, T item) where T : class, IApiObject
    {
        if (!resource.IsWhole)
        {
            throw new ArgumentException($"not every field of {resource.Name} is known, and to replace one would take away the others: patch it", nameof(resource));
        }

        var name = new ObjectName(item.Metadata.Namespace, item.Metadata.Name);
        return string.IsNullOrEmpty(item.Metadata.ResourceVersion)
            ? throw new ArgumentException($"{resource.Name} {name} has no resourceVersion, and to replace it would overwrite what others wrote: read it first", nameof(item))
            : Of(resource, HttpMethod.Put, "update", name) with { Body = Bytes(resource, item), MediaType = Json };
    }

    public static ApiRequest Patch<T>(Resource<T> resource, ObjectName name, Patch patch) where T : class, IApiObject =>
        Of(resource, HttpMethod.Patch, "patch", name) with { Body = patch.Body, MediaType = patch.MediaType };

    /// <summary>Always with a body: one without it is sent again by the HTTP client itself when an old connection of HTTP/1.1 breaks, and the second might delete another object of that name.</summary>
    public static ApiRequest Delete<T>(Resource<T> resource, ObjectName name, string? uid) where T : class, IApiObject
    {
        var how = new DeleteOptions(uid is null ? null : new Preconditions(uid));
        return Of(resource, HttpMethod.Delete, "delete", name) with { Body = JsonSerializer.SerializeToUtf8Bytes(how, RequestJson.Default.DeleteOptions), MediaType = Json };
    }

    /// <summary>What is no resource: `/version`.</summary>
    public static ApiRequest Read(string path) => new(HttpMethod.Get, "get", "", path, null, path);

    private static ApiRequest Of<T>(Resource<T> resource, HttpMethod method, string verb, ObjectName name, string query = "") where T : class, IApiObject
    {
        var path = new StringBuilder(resource.Group.Length == 0 ? "/api/" : "/apis/").Append(resource.GroupVersion);
        if (name.Space is not null)
        {
            path.Append("/namespaces/").Append(Segment(name.Space));
        }

        path.Append('/').Append(resource.Plural);
        if (name.Name.Length > 0)
        {
            path.Append('/').Append(Segment(name.Name));
            path.Append(resource.Subresource is null ? "" : "/" + resource.Subresource);
        }
        else if (verb is not ("list" or "watch" or "create"))
        {
            throw new ArgumentException($"a name is needed to {verb} {resource.Name}", nameof(name));
        }

        return new ApiRequest(method, verb, resource.Group, resource.Name, name, path.Append(query).ToString());
    }

    /// <summary>Names come from configuration and from other objects: none may climb out of its place in the path.</summary>
    private static string Segment(string name) => name is "" or "." or ".."
        ? throw new ArgumentException($"`{name}` can be no name of an object", nameof(name))
        : Uri.EscapeDataString(name);

    private static string Query(Selection selection, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = new StringBuilder();
        foreach ((string name, string? value) in (ReadOnlySpan<(string, string?)>)[.. parameters, ("labelSelector", selection.Labels), ("fieldSelector", selection.Fields)])
        {
            if (!string.IsNullOrEmpty(value))
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        return query.ToString();
    }

    private static byte[] Bytes<T>(Resource<T> resource, T item) where T : class, IApiObject => JsonSerializer.SerializeToUtf8Bytes(item, resource.Json);
}
