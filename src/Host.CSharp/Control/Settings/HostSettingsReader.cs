using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.State;

namespace Serverless.Host.Control.Settings;

/// <summary>Turns layered configuration into checked settings. All errors are reported at once.</summary>
internal static class HostSettingsReader
{
    private static readonly Dictionary<string, LogLevel> LogLevels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["trace"] = LogLevel.Trace,
        ["debug"] = LogLevel.Debug,
        ["information"] = LogLevel.Information,
        ["warning"] = LogLevel.Warning,
        ["error"] = LogLevel.Error,
        ["none"] = LogLevel.None,
    };

    private static readonly Dictionary<string, ComputeKind> Computes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["local"] = ComputeKind.Local,
        ["external"] = ComputeKind.External,
        ["kubernetes"] = ComputeKind.Kubernetes,
    };

    private static readonly Dictionary<string, ClientTlsMode> TlsModes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["off"] = ClientTlsMode.Off,
        ["offered"] = ClientTlsMode.Offered,
        ["required"] = ClientTlsMode.Required,
    };

    private static readonly Dictionary<string, BackendTls> BackendTlsModes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["off"] = BackendTls.Off,
        ["preferred"] = BackendTls.Preferred,
        ["required"] = BackendTls.Required,
        ["verified"] = BackendTls.Verified,
    };

    private static readonly Dictionary<string, bool> Switches = new(StringComparer.OrdinalIgnoreCase) { ["on"] = true, ["off"] = false };

    private static readonly Dictionary<string, ForcedDetach> ForcedDetaches = new(StringComparer.OrdinalIgnoreCase)
    {
        ["never"] = ForcedDetach.Never,
        ["statement"] = ForcedDetach.Statement,
    };

    /// <exception cref="SettingsException">Something in it is wrong; the message lists everything that is.</exception>
    public static HostSettings Read(IConfiguration configuration)
    {
        var errors = new List<string>();
        var root = new SettingsSection(configuration, "", errors);
        AdminSettings admin = Admin(root);
        string data = Path.GetFullPath(root.Text("data") ?? "data");
        LogSettings log = Log(root.Section("log"));
        ListenerOptions listener = Listener(root);
        FleetSettings fleet = FleetSettingsReader.Read(root.Section("fleet"));
        (IReadOnlyList<DatabaseSettings> databases, DatabaseSettings defaults) = Databases(root, data);
        DiscoverySettings? discovery = DiscoverySettingsReader.Read(root.Section("discovery"), defaults);
        if (discovery is not null && !root.List("databases").Any())
        {
            databases = [];
        }

        root.EndOfKeys();
        Check(admin, databases, discovery, errors);
        if (errors.Count > 0)
        {
            throw new SettingsException(string.Join('\n', errors));
        }

        return new HostSettings(admin, data, log, databases) { Listener = listener, Fleet = fleet, Discovery = discovery };
    }

    private static AdminSettings Admin(SettingsSection root)
    {
        SettingsSection section = root.Section("admin");
        var admin = new AdminSettings(section.Address("listen", new IPEndPoint(IPAddress.Loopback, 8306)), section.Text("token"), section.Texts("users") is { Count: > 0 } users ? users : null);
        section.EndOfKeys();
        if (admin.Token is null && !IPAddress.IsLoopback(admin.Listen.Address))
        {
            section.Fail("listen", $"{admin.Listen} can be reached from other machines, so `admin:token` must be set too (or SERVERLESS_ADMIN__TOKEN)");
        }

        return admin;
    }

    private static LogSettings Log(SettingsSection section)
    {
        LogLevel level = section.OneOf("level", LogLevel.Information, LogLevels);
        var levels = new Dictionary<string, LogLevel>(StringComparer.Ordinal);
        foreach ((string category, string text) in section.Pairs("levels"))
        {
            if (LogLevels.TryGetValue(text, out LogLevel one))
            {
                levels[category] = one;
            }
            else
            {
                section.Fail($"levels:{category}", $"expected one of {string.Join(", ", LogLevels.Keys)}, found `{text}`");
            }
        }

        section.EndOfKeys();
        return new LogSettings(level, levels);
    }

    private static ListenerOptions Listener(SettingsSection root)
    {
        SettingsSection greeting = root.Section("greeting");
        string? version = greeting.Text("version");
        greeting.EndOfKeys();
        if (version is not null && (version.Length > 64 || !version.All(c => c is > ' ' and <= '~')))
        {
            greeting.Fail("version", $"expected a server version like 8.4.0, at most 64 characters, found `{version}`");
        }

        SettingsSection proxies = root.Section("proxyProtocol");
        var networks = new List<IPNetwork>();
        foreach (string text in proxies.Texts("from"))
        {
            if (NetworkText.Parse(text) is { } network)
            {
                networks.Add(network);
            }
            else
            {
                proxies.Fail("from", $"expected addresses or networks, like 10.0.0.7 or 10.0.0.0/8, found `{text}`");
            }
        }

        proxies.EndOfKeys();
        return new ListenerOptions { GreetingVersion = version, Proxies = networks };
    }

    private static (List<DatabaseSettings> Databases, DatabaseSettings Defaults) Databases(SettingsSection root, string data)
    {
        DatabaseSettings defaults = Database(root, "default", null, data);
        var databases = new List<DatabaseSettings>();
        foreach (SettingsSection section in root.List("databases"))
        {
            string? name = section.Text("name");
            if (name is null)
            {
                section.Fail("name", "a database needs a name");
            }

            databases.Add(Database(section, name ?? "default", defaults, data));
            section.EndOfKeys();
        }

        if (databases.Count == 0)
        {
            return ([defaults], defaults);
        }

        DatabaseNamesReader.RefuseAbove(root, defaults.Names);
        return (databases, defaults);
    }

    /// <summary>What a database does not say itself is taken from the top of the file, flags included.</summary>
    private static DatabaseSettings Database(SettingsSection section, string name, DatabaseSettings? above, string data)
    {
        if (name.Length is 0 or > 63 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || !char.IsAsciiLetterOrDigit(name[0]))
        {
            section.Fail("name", $"expected letters, digits, `-` and `_`, at most 63, found `{name}`");
        }

        return new DatabaseSettings(
            name,
            section.Address("listen", above?.Listen ?? new IPEndPoint(IPAddress.Loopback, 3306)),
            section.OneOf("compute", above?.Compute ?? ComputeKind.Local, Computes),
            section.OptionalAddress("backend") ?? above?.Backend,
            section.Text("rules") is { } rules ? Path.GetFullPath(rules) : above?.Rules ?? ShippedRules(),
            section.Text("policy") ?? above?.Policy,
            Path.Combine(data, name),
            section.Text("user") ?? above?.User ?? "app",
            section.Given("password") ?? above?.Password,
            section.Flag("shadow", above?.Shadow ?? false),
            Engine(section.Section("engine"), above?.Engine),
            Limits(section.Section("limits"), above?.Limits ?? LimitSettings.Default),
            Tls(section.Section("tls"), above?.Tls ?? TlsSettings.Default),
            section.OneOf("backendTls", above?.BackendTls ?? BackendTls.Preferred, BackendTlsModes))
        {
            Names = DatabaseNamesReader.Read(section),
            Sharing = Sharing(section.Section("sharing"), above?.Sharing ?? SharingSettings.Default),
            Answers = AnswersReader.Read(section) ?? above?.Answers ?? FixedAnswers.None,
            Kubernetes = KubernetesSettingsReader.Read(section.Section("kubernetes"), above?.Kubernetes ?? KubernetesSettings.Default),
            Debug = Debug(section.Section("debug"), above?.Debug ?? DebugSettings.Default),
        };
    }

    /// <summary>The folder `rules` where the host was started; where there is none, the one that ships beside the program.</summary>
    private static string ShippedRules()
    {
        string here = Path.GetFullPath("rules");
        string shipped = Path.Combine(AppContext.BaseDirectory, "rules");
        return !Directory.Exists(here) && Directory.Exists(shipped) ? shipped : here;
    }

    private static EngineSettings Engine(SettingsSection section, EngineSettings? above)
    {
        IReadOnlyList<string> arguments = section.Texts("arguments");
        string? path = section.Text("path");
        TimeSpan silentFor = section.Duration("silentFor", above?.SilentFor ?? Compute.Local.LocalComputeOptions.DefaultSilenceLimit, TimeSpan.FromSeconds(1));
        section.EndOfKeys();
        return new EngineSettings(path is null ? above?.Path : Path.GetFullPath(path), arguments.Count > 0 ? arguments : above?.Arguments ?? []) { SilentFor = silentFor };
    }

    private static TlsSettings Tls(SettingsSection section, TlsSettings above)
    {
        ClientTlsMode mode = section.OneOf("mode", above.Mode, TlsModes);
        (string? certificate, string? key) = (section.Text("certificate"), section.Text("key"));
        section.EndOfKeys();
        if ((certificate is null) != (key is null))
        {
            section.Fail(certificate is null ? "certificate" : "key", "`certificate` and `key` belong together: set both, or neither for a certificate of the gateway's own making");
        }

        return certificate is null || key is null ? above with { Mode = mode } : new TlsSettings(mode, Path.GetFullPath(certificate), Path.GetFullPath(key));
    }

    private static LimitSettings Limits(SettingsSection section, LimitSettings above)
    {
        var limits = new LimitSettings(
            (int)section.Whole("connections", above.Connections, 1, 1_000_000),
            (int)section.Whole("heldStatements", above.HeldStatements, 1, 1_000_000),
            section.Bytes("heldBytes", above.HeldBytes, 1 << 20),
            section.Duration("heldFor", above.HeldFor, TimeSpan.FromMilliseconds(1)),
            section.Duration("drainFor", above.DrainFor, TimeSpan.FromMilliseconds(1)),
            section.Bytes("auditBytes", above.AuditBytes, 1 << 20),
            section.Whole("backendConnections", above.BackendConnections ?? 0, 0, 1_000_000) is > 0 and var most ? (int)most : null);
        section.EndOfKeys();
        return limits;
    }

    private static SharingSettings Sharing(SettingsSection section, SharingSettings above)
    {
        var users = new Dictionary<string, bool>(above.Users, StringComparer.Ordinal);
        foreach ((string user, string text) in section.Pairs("users"))
        {
            if (Switches.TryGetValue(text, out bool on))
            {
                users[user] = on;
            }
            else
            {
                section.Fail($"users:{user}", $"expected one of {string.Join(", ", Switches.Keys)}, found `{text}`");
            }
        }

        var sharing = new SharingSettings(
            section.OneOf("mode", above.On, Switches), users, section.Duration("after", above.After, TimeSpan.Zero), section.Duration("keepFor", above.KeepFor, TimeSpan.Zero));
        section.EndOfKeys();
        return sharing;
    }

    private static DebugSettings Debug(SettingsSection section, DebugSettings above)
    {
        var debug = new DebugSettings(section.OneOf("detach", above.Detach, ForcedDetaches));
        section.EndOfKeys();
        return debug;
    }

    private static void Check(AdminSettings admin, IReadOnlyList<DatabaseSettings> databases, DiscoverySettings? discovery, List<string> errors)
    {
        foreach (DatabaseSettings external in databases.Where(one => one.Compute == ComputeKind.External && (one.Backend is null || one.Password is null)))
        {
            errors.Add($"database `{external.Name}` is external, so `backend` (HOST:PORT), `user` and `password` of an account that may read the account tables must be set");
        }

        KubernetesSettingsReader.Check(databases, errors);
        foreach (IGrouping<string, DatabaseSettings> same in databases.GroupBy(one => one.Name, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1))
        {
            errors.Add($"databases: {same.Count()} databases are named `{same.Key}`; each needs a name of its own");
        }

        ListenerCheck.Check(admin, discovery is null ? databases : [.. databases, discovery.Of("(found)", "", "")], errors);
    }
}
