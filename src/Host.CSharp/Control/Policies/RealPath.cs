namespace Serverless.Host.Control.Policies;

/// <summary>Where a path really leads, with the links of its folders followed too; `realpath` of POSIX.</summary>
internal static class RealPath
{
    /// <summary>As many as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <exception cref="IOException">There are too many links, one of which leads to itself perhaps.</exception>
    public static string Of(string path)
    {
        int links = 0;
        return Follow(Path.GetFullPath(path), ref links);
    }

    private static string Follow(string path, ref int links)
    {
        string real = "/";
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new IOException($"{path} leads through too many links");
            }

            real = Follow(Path.GetFullPath(Path.Combine(real, target)), ref links);
        }

        return real;
    }
}
