using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Core;
using Serverless.Host.Control;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;
using Serverless.Host.Net;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>The real gateway with its clients, under the real control, before a scripted engine.</summary>
internal sealed class EnduranceRig : IAsyncDisposable
{
    private readonly TemporaryDirectory _home = new();
    private readonly GatewayKey _key;
    private readonly PasswordWork _passwords = new(1);
    private readonly GatewayServer _gateway;
    private readonly EventLoop _clientLoop = new("clients");
    private readonly List<EngineClient> _clients = [];
    private Database? _database;

    private EnduranceRig()
    {
        _key = GatewayKey.LoadOrCreate(_home["key"], NullLogger.Instance);
        var login = new LoginServices(_key, _passwords, new FailureLimiter(TimeProvider.System, FailureLimits.Default), LoginServices.DefaultDeadline);
        _gateway = new GatewayServer(2, 1000, DescriptorBudget.Unlimited, login, new GatewayOptions(), TimeProvider.System, NullLoggerFactory.Instance);
    }

    public Database Database => _database!;

    public ScriptedEngine Engine { get; } = new();

    public IReadOnlyList<EngineClient> Clients => _clients;

    public string Data => _home["data"];

    public static async Task<EnduranceRig> StartAsync(int clients, long auditBytes)
    {
        var rig = new EnduranceRig();
        Directory.CreateDirectory(rig._home["rules"]);
        await File.WriteAllTextAsync(Path.Combine(rig._home["rules"], "test.rules"), Rig.Still);
        var settings = new DatabaseSettings(
            "test", new IPEndPoint(IPAddress.Loopback, 0), ComputeKind.Local, Backend: null, rig._home["rules"], Policy: null, rig.Data, "app", Password: null, Shadow: false,
            new EngineSettings(null, []), LimitSettings.Default with { AuditBytes = auditBytes }, TlsSettings.Default, BackendTls.Off);
        GatewayDatabase database = rig._gateway.AddDatabase("test");
        rig._database = await Database.OpenAsync(settings, database, rig.Engine, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        await rig._database.StartAsync(CancellationToken.None);
        var front = (IPEndPoint)rig._gateway.Listen(database, new IPEndPoint(IPAddress.Loopback, 0), 1000).LocalEndPoint;
        for (int i = 0; i < clients; i++)
        {
            var login = new EngineLogin(new BackendAddress(UnixSocket: null, front, ReadsProxyHeader: false), ScriptedEngine.User, LoginSecret.FromPassword(ScriptedEngine.Password));
            rig._clients.Add(await EngineClient.ConnectAsync(rig._clientLoop, login, CancellationToken.None));
        }

        return rig;
    }

    /// <summary>Each time another client's statement wakes the database, and an operator puts it to sleep again.</summary>
    public async Task CycleAsync(int cycles)
    {
        for (int i = 0; i < cycles; i++)
        {
            string statement = $"SELECT {i} FROM t";
            string? answer = (await Clients[i % Clients.Count].QueryAsync(statement, CancellationToken.None)).Scalar;
            Assert.That(answer, Is.EqualTo($"{statement.Length}"));
            await Database.Controller.TellAsync(at => Inputs.Suspend(at, "test"));
            await Rig.HoldsAsync(() => Database.Controller.Report!.Decision.Phase.IsSuspended, () => $"asleep after {i} cycles; it is {Database.Controller.Report!.Decision}", every: TimeSpan.FromMilliseconds(1));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (EngineClient client in _clients)
        {
            await client.DisposeAsync();
        }

        await Database.DisposeAsync();
        await _gateway.DisposeAsync();
        _clientLoop.Dispose();
        _passwords.Dispose();
        _key.Dispose();
        _home.Dispose();
    }
}
