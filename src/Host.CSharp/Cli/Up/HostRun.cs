using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Serverless.Host.Admin;
using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Kubernetes;
using Serverless.Host.Compute.Local;
using Serverless.Host.Control;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Policies;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Gateway.Sharing;

namespace Serverless.Host.Cli.Up;

/// <summary>Puts the host together, runs it until a signal, and takes it apart in the order that leaves clients told and computes clean.</summary>
internal sealed partial class HostRun : IAsyncDisposable
{
    /// <summary>How long clients may take to go, beyond what their last statement takes.</summary>
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(5);

    /// <summary>How long the databases whose first start hangs are waited for before it is said that clients of the others can connect.</summary>
    private static readonly TimeSpan FirstStartPatience = TimeSpan.FromSeconds(60);

    /// <summary>What is left of a thousand databases is written, and let go of, before an orchestrator's patience ends.</summary>
    private const int MostEndedAtOnce = 16;

    private readonly HostSettings _settings;
    private readonly TextWriter _output;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<HostRun> _logger;
    private readonly GatewayKey _key;
    private readonly PasswordWork _passwords = new(Math.Max(1, Environment.ProcessorCount - 1));
    private readonly GatewayServer _gateway;
    private readonly ConcurrentDictionary<string, Database> _databases = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Database> _opened = [];
    private readonly ConcurrentDictionary<string, RuleFolder> _rules = new(StringComparer.Ordinal);
    private readonly HostComputes _computes;
    private readonly LateDatabases _late;
    private readonly HostListeners _listeners;
    private readonly FoundDatabases? _found;
    private readonly GatewayOptions _gatewayOptions;

    /// <summary>Cancelled when the end, and whatever is ended already, shall take no longer than it must.</summary>
    private readonly CancellationTokenSource _hurried = new();

    private AdminServer? _admin;

    private HostRun(HostSettings settings, DescriptorBudget descriptors, TextWriter output, ILoggerFactory loggers)
    {
        (_settings, _output, _loggers, _logger) = (settings, TextWriter.Synchronized(output), loggers, loggers.CreateLogger<HostRun>());
        _key = GatewayKey.LoadOrCreate(Path.Combine(settings.Data, "gateway-key.pem"), loggers.CreateLogger<GatewayKey>());
        var login = new LoginServices(_key, _passwords, new FailureLimiter(TimeProvider.System, FailureLimits.Default), LoginServices.DefaultDeadline);
        int connections = (int)Math.Min(int.MaxValue, settings.All.Sum(one => (long)one.Limits.Connections));
        if (connections > descriptors.MostClients)
        {
            LogFewDescriptors(descriptors.MostClients, connections);
        }

        // Each database may use up what it was allowed: what all of them share bounds none of them sooner.
        var holdInAll = new HoldLimits(
            (int)Math.Min(int.MaxValue, settings.All.Sum(one => (long)one.Limits.HeldStatements)), settings.All.Sum(one => one.Limits.HeldBytes),
            settings.All.Max(one => one.Limits.HeldFor));
        var options = new GatewayOptions { HoldInAll = holdInAll };
        _gateway = new GatewayServer(Environment.ProcessorCount, connections, descriptors, login, options, TimeProvider.System, loggers);
        _computes = new HostComputes(_gateway, settings.Fleet, settings.Data, _output, loggers);
        _listeners = new HostListeners(settings, _gateway, loggers);
        _found = settings.Discovery is null ? null : new FoundDatabases(settings, _computes, AddFound, RemoveFoundAsync, loggers.CreateLogger<FoundDatabases>());
        _late = new LateDatabases(OpenAsync, IsForUsers, loggers.CreateLogger<LateDatabases>());
        foreach (DatabaseSettings one in settings.Databases)
        {
            _gateway.AddDatabase(one.Name, OptionsOf(one, options));
        }

        _gatewayOptions = options;
    }

    /// <summary>Runs until SIGTERM or SIGINT.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(HostSettings settings, TextWriter output)
    {
        Preflight.Check(settings);
        DescriptorBudget descriptors = Preflight.ShareDescriptors(settings);
        using var signals = new HostSignals();
        using ILoggerFactory loggers = HostLogging.Create(settings.Log);
        await using HostRun host = Create(settings, descriptors, output, loggers);
        try
        {
            await host.StartAsync(signals.Stop);
            await Task.Delay(Timeout.InfiniteTimeSpan, signals.Stop);
        }
        catch (OperationCanceledException) when (signals.Stop.IsCancellationRequested)
        {
            // told to end, perhaps before it had begun
        }
        catch (Exception e)
        {
            // whatever it was, no compute is left behind
            await host.StopAsync(new CancellationToken(canceled: true));
            if (!IsForUsers(e))
            {
                host.LogFailed(e);
            }

            throw new CommandFailedException(e.Message, e);
        }

        host.LogStopping();
        await host.StopAsync(signals.Hurry);
        host.LogStopped();
        return ExitCode.Fine;
    }

    public async ValueTask DisposeAsync()
    {
        // first, so that no command is told to a database that nobody controls any more, and waits for its answer
        if (_admin is not null)
        {
            await _admin.DisposeAsync();
        }

        await Parallel.ForEachAsync(_opened, new ParallelOptions { MaxDegreeOfParallelism = MostEndedAtOnce }, (database, _) => database.DisposeAsync());

        _late.Dispose();
        _found?.Dispose();
        await _computes.DisposeAsync();
        await _gateway.DisposeAsync();
        _passwords.Dispose();
        _key.Dispose();
        _hurried.Dispose();
    }

    private static HostRun Create(HostSettings settings, DescriptorBudget descriptors, TextWriter output, ILoggerFactory loggers)
    {
        try
        {
            return new HostRun(settings, descriptors, output, loggers);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(e.Message, e);
        }
    }

    /// <summary>The message says what was expected, what was found and what to do; anything else is told with where it came from.</summary>
    private static bool IsForUsers(Exception e) =>
        e is CommandFailedException or ComputeException or EngineSqlException or RuleFolderException or DatabaseStartException or IOException or UnauthorizedAccessException;

    private async Task StartAsync(CancellationToken cancellation)
    {
        _admin = await AdminServer.StartAsync(_settings.Admin, _databases, _late.Waiting, _gateway.Listeners, _computes.ReadCalls, _loggers, cancellation);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        // all at once: one that hangs or is slow keeps no other from its clients
        var starts = _settings.Databases.ToDictionary(one => one.Name, one => StartAsync(one, end.Token));
        var listeners = _listeners.Groups.ToDictionary(group => group.Key, group => ListenAsync(group.Key, group.Value, starts));
        Task announced = Together.AllAsync([.. _settings.Databases.Select(one => AnnounceAsync(one, starts[one.Name], listeners[one.Listen])), .. listeners.Values], end);
        Task ready = Task.CompletedTask;
        try
        {
            if (await Task.WhenAny(announced, Task.Delay(FirstStartPatience, cancellation)) != announced)
            {
                // somebody at least can connect
                await Task.WhenAny([announced, .. listeners.Values]);
            }

            if (end.IsCancellationRequested || !listeners.Values.Any(one => one.IsCompletedSuccessfully))
            {
                await announced;
            }

            cancellation.ThrowIfCancellationRequested();
            ready = BecomeReadyAsync(_admin, end.Token);
            await _output.WriteLineAsync($"status: ./serverless status{(_settings.Admin.Listen.Port == 8306 ? "" : $" --admin {_admin.Address}")}");
            IEnumerable<Task<GatewayListener>> listening = listeners.Values.Where(one => one.IsCompletedSuccessfully);
            await _output.WriteLineAsync($"ready {string.Join(' ', listening.Select(one => one.Result.LocalEndPoint))} admin {_admin.Address}");
            await _output.FlushAsync(cancellation);
            _found?.Start();
            await announced;
            await ready;
        }
        catch
        {
            // a database that is still on its way to being under control could not be stopped
            await end.CancelAsync();
            await Task.WhenAny(announced);
            await ready;
            throw;
        }
    }

    /// <summary>Listens as soon as one of the databases there has been started; at once where others may be found.</summary>
    private async Task<GatewayListener> ListenAsync(IPEndPoint address, List<DatabaseSettings> databases, Dictionary<string, Task> starts)
    {
        if (!_listeners.IsOpen(address))
        {
            await await Task.WhenAny(databases.Select(one => starts[one.Name]));
        }

        return _listeners.Listen(address);
    }

    /// <summary>It is one of several, which need not end because of it.</summary>
    private bool IsAmongOthers => _settings.Databases.Count > 1 || _settings.Discovery is not null;

    /// <summary>One of several in a cluster does not keep the others from their clients: what is wrong with it, or with its cluster, may pass.</summary>
    private async Task StartAsync(DatabaseSettings settings, CancellationToken cancellation)
    {
        try
        {
            await OpenAsync(settings, cancellation);
        }
        catch (Exception e) when (e is ComputeException or EngineSqlException && settings.Compute == ComputeKind.Kubernetes && IsAmongOthers)
        {
            _late.Add(settings, e.Message);
        }
    }

    private async Task OpenAsync(DatabaseSettings settings, CancellationToken cancellation)
    {
        GatewayDatabase gateway = _gateway.Databases[settings.Name];
        (ICompute compute, FleetMember? member) = await _computes.OpenAsync(settings, cancellation);
        Database database;
        try
        {
            if (compute is KubernetesCompute { Uid: { } uid, Name: var set })
            {
                FolderOwners.Settle(settings.Data, new FolderOwner(set.Space!, set.Name, uid), _logger);
            }

            database = await Database.OpenAsync(settings, gateway, compute, _loggers, TimeProvider.System, cancellation, member, _rules.GetOrAdd(settings.Rules, path => new RuleFolder(path)));
        }
        catch
        {
            await compute.DisposeAsync();
            throw;
        }

        lock (_opened)
        {
            _opened.Add(database);
        }

        string? failed;
        try
        {
            failed = await database.StartAsync(cancellation, () => _databases[settings.Name] = database, amongOthers: IsAmongOthers);
        }
        catch when (!cancellation.IsCancellationRequested)
        {
            // nothing of it runs on
            lock (_opened)
            {
                _opened.Remove(database);
            }

            throw;
        }

        if (failed is not null)
        {
            LogNotStarted(settings.Name, failed);
        }

        await _output.WriteLineAsync($"{settings.Name}: {database.Controller.Report!.Decision.Phase.ToString().ToLowerInvariant()}, {HostComputes.Describe(compute, settings)}");
    }

    private GatewayOptions OptionsOf(DatabaseSettings settings, GatewayOptions ofAll) => ofAll with
    {
        Hold = new HoldLimits(settings.Limits.HeldStatements, settings.Limits.HeldBytes, settings.Limits.HeldFor),
        AdminUsers = (_settings.Admin.Users ?? [settings.User]).ToHashSet(StringComparer.Ordinal),
        MostBackends = settings.Limits.BackendConnections ?? int.MaxValue,
        Sharing = new SharingOptions { On = settings.Sharing.On, Users = settings.Sharing.Users, After = settings.Sharing.After, KeepFor = settings.Sharing.KeepFor },
        Answers = settings.Answers,
        DetachAfterEachStatement = settings.Debug.Detach == ForcedDetach.Statement,
    };

    private async Task AnnounceAsync(DatabaseSettings settings, Task start, Task<GatewayListener> listener)
    {
        await start;
        Announce(settings, await listener);
    }

    private void Announce(DatabaseSettings settings, GatewayListener listener)
    {
        if (_databases.GetValueOrDefault(settings.Name)?.Compute is not LocalCompute { FirstAccount: { } account } compute)
        {
            return;
        }

        string address = listener.LocalEndPoint is System.Net.IPEndPoint ip ? $"-h {(ip.Address.Equals(System.Net.IPAddress.Any) || ip.Address.Equals(System.Net.IPAddress.IPv6Any) ? "127.0.0.1" : ip.Address)} -P {ip.Port}" : $"{listener.LocalEndPoint}";
        _output.WriteLine($"{settings.Name}: connect with  mariadb {address} -u {HostListeners.UserOf(settings, account.User)} -p");
        if (account.Password is { } password && string.IsNullOrEmpty(settings.Password))
        {
            _output.WriteLine($"{settings.Name}: password of {account.User}: {password}  (told this once)");
        }

        compute.ForgetFirstPassword();
    }

    /// <summary>Clients first, so that they are told; then the computes, which have nothing to do any more.</summary>
    private async Task StopAsync(CancellationToken hurry)
    {
        if (_admin is not null)
        {
            _admin.Ready = false;
        }

        await using CancellationTokenRegistration hurried = hurry.Register(_hurried.Cancel);
        // beside the goodbye: what is being removed has sessions that may take as long
        Task found = EndComingAndGoingAsync();
        TimeSpan limit = hurry.IsCancellationRequested ? TimeSpan.Zero : _settings.All.Max(one => one.Limits.DrainFor) + GoodbyeLimit;
        Task goodbye = _gateway.StopAsync(limit);
        await Task.WhenAny(goodbye, Task.Delay(Timeout.InfiniteTimeSpan, hurry));
        if (!goodbye.IsCompleted)
        {
            await _gateway.StopAsync(TimeSpan.Zero);
        }

        await found;
        await Task.WhenAll(_opened.Select(database => StopAsync(database, hurry)));
    }

    /// <summary>No database is opened or removed from here on.</summary>
    private async Task EndComingAndGoingAsync()
    {
        await EndFindingAsync();
        await _late.EndAsync();
    }

    private async Task StopAsync(Database database, CancellationToken hurry)
    {
        try
        {
            await database.StopAsync(hurry);
        }
        catch (Exception e)
        {
            // the others are stopped all the same
            LogNotStopped(e, database.Settings.Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The limit of open files leaves room for {Room} clients at a time, and the configuration allows {Connections}: raise the one (ulimit -n, LimitNOFILE=) or lower the other (limits:connections)")]
    private partial void LogFewDescriptors(int room, int connections);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database}: {Reason} The other databases serve; `serverless resume {Database}` tries again")]
    private partial void LogNotStarted(string database, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ending: clients may finish what they are at, then the computes are stopped; a second signal hurries")]
    private partial void LogStopping();

    [LoggerMessage(Level = LogLevel.Information, Message = "Ended")]
    private partial void LogStopped();

    [LoggerMessage(Level = LogLevel.Critical, Message = "The host cannot go on")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Database} could not be stopped cleanly")]
    private partial void LogNotStopped(Exception exception, string database);
}
