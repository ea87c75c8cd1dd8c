using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Serverless.Host.Admin;
using Serverless.Host.Control;
using Serverless.Host.Control.Settings;
using Serverless.Tests.Integration.Control;

namespace Serverless.Tests.Integration.Admin;

/// <summary>The admin address of a database with doubles.</summary>
internal sealed class AdminRig : IAsyncDisposable
{
    private readonly AdminServer _server;

    private AdminRig(Rig rig, AdminServer server)
    {
        (Rig, _server) = (rig, server);
        Http = new HttpClient { BaseAddress = new Uri(server.Address) };
    }

    public Rig Rig { get; }

    public HttpClient Http { get; }

    public string Address => _server.Address;

    public static async Task<AdminRig> StartAsync(string? token = null)
    {
        Rig rig = await Rig.StartAsync();
        var databases = new Dictionary<string, Database>(StringComparer.OrdinalIgnoreCase) { ["test"] = rig.Database };
        AdminServer server = await AdminServer.StartAsync(
            new AdminSettings(new IPEndPoint(IPAddress.Loopback, 0), token), databases, new Dictionary<string, LateDatabase>(), [], () => [], NullLoggerFactory.Instance, CancellationToken.None);
        server.Ready = true;
        return new AdminRig(rig, server);
    }

    public void Ready(bool ready) => _server.Ready = ready;

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        await Rig.DisposeAsync();
    }
}
