using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Gateway;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>
/// A gateway in front of a real MariaDB, and the part of Control that the tests play: they open and close the gate, drain, kill and start the server.
/// The account `app` with the password `secret` has all rights, `plain` with the same password none.
/// </summary>
internal sealed class GatewayUnderTest : IAsyncDisposable
{
    /// <summary>For what comes in an instant, on a machine that does many other things.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryDirectory _directory = new();
    private readonly GatewayKey _key;

    private readonly IDisposable _engine;
    private readonly ServerFamily _family;

    private GatewayUnderTest(
        IDisposable engine, ServerFamily family, BackendAddress backend, GatewayOptions options, DescriptorBudget? descriptors = null, int loops = 2, FailureLimits? failures = null, ILoggerFactory? loggers = null)
    {
        _engine = engine;
        _family = family;
        Backend = backend;
        _key = GatewayKey.LoadOrCreate(_directory["key"], NullLogger.Instance);
        var login = new LoginServices(_key, new PasswordWork(2), new FailureLimiter(TimeProvider.System, failures ?? FailureLimits.Default), LoginServices.DefaultDeadline);
        Gateway = new GatewayServer(loops, 20_000, descriptors ?? DescriptorBudget.Unlimited, login, options, TimeProvider.System, loggers ?? NullLoggerFactory.Instance);
        Database = Gateway.AddDatabase("default");
        Database.StatementHeld += () => Interlocked.Increment(ref _heldEvents);
        Database.AccountsChanged += () => Interlocked.Increment(ref _accountsChanged);
        var listener = Gateway.Listen(Database, new IPEndPoint(IPAddress.Loopback, 0), 20_000);
        Port = ((IPEndPoint)listener.LocalEndPoint).Port;
    }

    private int _heldEvents;
    private int _accountsChanged;

    /// <summary>The MariaDB behind it.</summary>
    public MariaDbServer Server => (MariaDbServer)_engine;

    public GatewayServer Gateway { get; }

    public GatewayDatabase Database { get; }

    public int Port { get; }

    /// <summary>How often StatementHeld was raised.</summary>
    public int HeldEvents => Volatile.Read(ref _heldEvents);

    public int AccountsChangedEvents => Volatile.Read(ref _accountsChanged);

    public BackendAddress Backend { get; }

    public BackendAddress Front => new(UnixSocket: null, new IPEndPoint(IPAddress.Loopback, Port), ReadsProxyHeader: false);

    public ActivityReading Activity => Database.Read();

    /// <summary>Timestamp of the end of the last statement that counts, which as a time of day is read of two clocks, one after the other.</summary>
    public long LastEnded => Gateway.Loops.Loops.Max(loop => Database.ShardOf(loop).Counters.LastEnded);

    /// <summary>Starts the server, tells the gateway what it is and who may log in, and leaves the gate closed.</summary>
    public static async Task<GatewayUnderTest> StartAsync(GatewayOptions? options = null, params string[] arguments)
    {
        var server = await MariaDbServer.StartAsync(arguments);
        return await PrepareAsync(
            new GatewayUnderTest(server, ServerFamily.MariaDb, new BackendAddress(server.SocketPath, Tcp: null, ReadsProxyHeader: true), options ?? new GatewayOptions()));
    }

    /// <summary>The same for peers that do wrong: no password is guessed too often, and what goes wrong is logged.</summary>
    public static async Task<GatewayUnderTest> StartForFuzzAsync(GatewayOptions options, ILoggerFactory loggers)
    {
        var server = await MariaDbServer.StartAsync();
        return await PrepareAsync(new GatewayUnderTest(
            server, ServerFamily.MariaDb, new BackendAddress(server.SocketPath, Tcp: null, ReadsProxyHeader: true), options, failures: FailureLimits.Default with { FreeFailures = int.MaxValue }, loggers: loggers));
    }

    /// <summary>The same with MySQL; skips the test when there is none.</summary>
    public static Task<GatewayUnderTest> StartMySqlAsync(params string[] arguments) => StartMySqlAsync(new GatewayOptions(), arguments);

    /// <inheritdoc cref="StartMySqlAsync(string[])"/>
    public static async Task<GatewayUnderTest> StartMySqlAsync(GatewayOptions options, params string[] arguments)
    {
        var server = await MySqlServer.StartAsync(arguments);
        return await PrepareAsync(
            new GatewayUnderTest(server, ServerFamily.MySql, new BackendAddress(server.SocketPath, Tcp: null, ReadsProxyHeader: false), options));
    }

    /// <summary>In front of a server of the family; skips the test when there is none.</summary>
    public static Task<GatewayUnderTest> StartAsync(ServerFamily family, GatewayOptions options) =>
        family == ServerFamily.MariaDb ? StartAsync(options) : StartMySqlAsync(options);

    /// <summary>The same with one loop, so that any two sessions can share.</summary>
    public static async Task<GatewayUnderTest> StartOnOneLoopAsync(ServerFamily family, GatewayOptions options)
    {
        IDisposable server = family == ServerFamily.MariaDb ? await MariaDbServer.StartAsync() : await MySqlServer.StartAsync();
        var socket = server is MariaDbServer mariaDb ? mariaDb.SocketPath : ((MySqlServer)server).SocketPath;
        return await PrepareAsync(
            new GatewayUnderTest(server, family, new BackendAddress(socket, Tcp: null, ReadsProxyHeader: family == ServerFamily.MariaDb), options, loops: 1));
    }

    private static async Task<GatewayUnderTest> PrepareAsync(GatewayUnderTest gateway)
    {
        await using var root = await gateway.ConnectDirectlyAsync();
        await root.QueryAllAsync("CREATE DATABASE shop; CREATE USER app@'%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO app@'%' WITH GRANT OPTION; CREATE USER plain@'%' IDENTIFIED BY 'secret'", default);
        await gateway.ReadEngineAsync(root);
        return gateway;
    }

    /// <summary>A client of the gateway.</summary>
    public Task<EngineClient> ConnectAsync(string? schema = null, Capabilities without = Capabilities.None, Capabilities with = Capabilities.None, EventLoop? loop = null, string user = "app",
        string password = "secret", byte collation = CollationId.Utf8Mb4GeneralCi) =>
        EngineClient.ConnectAsync(
            loop ?? Gateway.Loops.Next(),
            new EngineLogin(Front, user, LoginSecret.FromPassword(password))
            {
                Database = schema, Capabilities = (EngineLogin.DefaultCapabilities & ~without) | with, CollationId = collation,
            },
            CancellationToken.None);

    /// <summary>A client that goes round the gateway.</summary>
    public Task<EngineClient> ConnectDirectlyAsync(EventLoop? loop = null) =>
        EngineClient.ConnectAsync(loop ?? Gateway.Loops.Next(), new EngineLogin(Backend, "root", LoginSecret.Empty), CancellationToken.None);

    /// <summary>As where the server has no stored functions and no triggers.</summary>
    public void KnowsNoStoredCode() => Database.UseProfile(Database.Catalogue!.Profile with { MayRunStoredCode = false, ReadAt = DateTimeOffset.UtcNow });

    public void Open() => Database.Open(Backend);

    public async Task<string?> DrainAsync(bool byOperator = false, TimeSpan? breakTransactions = null, TimeSpan? breakPinned = null, TimeSpan? limit = null) =>
        (await Database.DrainAsync(new DrainRequest(byOperator, breakTransactions, breakPinned, limit ?? TimeSpan.FromSeconds(10)), CancellationToken.None)).Refused;

    /// <summary>Drains, closes and ends the server, as a suspend does.</summary>
    public async Task SleepAsync()
    {
        var refused = await DrainAsync();
        if (refused is not null) throw new InvalidOperationException($"The drain was refused: {refused}");
        Database.Close("the database sleeps");
        Server.Kill();
    }

    public async Task WakeAsync()
    {
        await Server.RunAsync();
        Open();
    }

    /// <summary>Waits until the condition holds.</summary>
    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(condition, () => what);

    /// <param name="what">What was waited for, asked when it did not come.</param>
    public static async Task UntilAsync(Func<bool> condition, Func<string> what)
    {
        var start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience) throw new TimeoutException($"Not within {s_patience.TotalSeconds:0} s: {what()}");
            await Task.Delay(10);
        }
    }

    /// <summary>The error that the statement ends with.</summary>
    public static async Task<EngineErrorException> ErrorOfAsync(Task statement)
    {
        try
        {
            await statement;
        }
        catch (EngineErrorException error)
        {
            return error;
        }
        throw new InvalidOperationException("An error was expected, and the statement ended well.");
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        _engine.Dispose();
        _key.Dispose();
        _directory.Dispose();
    }

    private async Task ReadEngineAsync(EngineClient root)
    {
        var greeting = root.Login.Greeting;
        var variables = await root.QueryAsync("SHOW SESSION VARIABLES", default);
        var collations = await root.QueryAsync("SELECT COLLATION_NAME, ID, CHARACTER_SET_NAME, IS_DEFAULT FROM information_schema.COLLATIONS WHERE ID IS NOT NULL", default);
        Database.UseProfile(new ServerProfile(
            _family, greeting.ServerVersion, (ulong)greeting.Capabilities, greeting.CollationId, greeting.AuthPlugin ?? "mysql_native_password",
            variables.Rows.ToDictionary(row => row[0]!.ToLowerInvariant(), row => row[1] ?? "", StringComparer.Ordinal),
            collations.Rows.ToDictionary(
                row => row[0]!, row => new CollationInfo(int.Parse(row[1]!, CultureInfo.InvariantCulture), row[2]!, row[3] == "Yes"), StringComparer.Ordinal)));
        await ReadAccountsAsync(root);
    }

    /// <summary>Reads who may log in, as Control does now and then.</summary>
    public async Task ReadAccountsAsync(EngineClient root)
    {
        var accounts = await root.QueryAsync("SELECT User, Host, plugin, authentication_string FROM mysql.user", default);
        Database.UseAccounts(new AccountSnapshot(
            DateTimeOffset.UtcNow,
            [.. accounts.Rows.Select(row => new Account(row[0]!, row[1]!, row[2]!.Length == 0 ? "mysql_native_password" : row[2]!, row[3]!, false, false, false))]));
    }
}
