namespace Serverless.Host.Compute.Local;

/// <summary>Where this process's own control groups are mounted (cgroups(7)). Null: that hierarchy is not there.</summary>
internal sealed record ControlGroupLocation(string? Unified, string? Cpu, string? Memory)
{
    public static ControlGroupLocation Read()
    {
        try
        {
            return Parse(File.ReadAllLines("/proc/self/mountinfo"), File.ReadAllLines("/proc/self/cgroup"));
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return new ControlGroupLocation(null, null, null);
        }
    }

    internal static ControlGroupLocation Parse(IEnumerable<string> mountInfo, IEnumerable<string> ownGroups)
    {
        var mounts = mountInfo.Select(line => line.Split(' ')).Where(fields => fields.Length > 9).Select(Mount.Parse).OfType<Mount>().ToArray();
        // Lines are hierarchy:controllers:path; the unified hierarchy has number 0 and names none.
        var own = ownGroups.Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3).ToArray();
        string? Find(string? controller)
        {
            var mount = mounts.FirstOrDefault(mount => controller is null ? mount.IsUnified : mount.Controllers.Contains(controller, StringComparer.Ordinal));
            var group = own.FirstOrDefault(fields => controller is null ? fields[0] == "0" : fields[1].Split(',').Contains(controller, StringComparer.Ordinal));
            return mount is null || group is null ? null : mount.Locate(group[2]);
        }
        return new ControlGroupLocation(Find(null), Find("cpu"), Find("memory"));
    }

    private sealed record Mount(string Root, string Point, bool IsUnified, string[] Controllers)
    {
        /// <summary>Fields of proc_pid_mountinfo(5); after the `-`: type, source, options.</summary>
        public static Mount? Parse(string[] fields)
        {
            var dash = Array.IndexOf(fields, "-");
            if (dash < 0 || fields.Length < dash + 4) return null;
            return fields[dash + 1] switch
            {
                "cgroup2" => new Mount(fields[3], fields[4], IsUnified: true, []),
                "cgroup" => new Mount(fields[3], fields[4], IsUnified: false, fields[dash + 3].Split(',')),
                _ => null,
            };
        }

        /// <summary>A mount in a container shows a part of the hierarchy only.</summary>
        public string Locate(string group)
        {
            var relative = Root != "/" && group.StartsWith(Root, StringComparison.Ordinal) ? group[Root.Length..] : group;
            var path = relative.Trim('/').Length == 0 ? Point : Path.Combine(Point, relative.Trim('/'));
            return path;
        }
    }
}
