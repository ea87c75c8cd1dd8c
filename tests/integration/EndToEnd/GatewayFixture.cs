namespace Serverless.Tests.Integration.EndToEnd;

/// <summary>Tests that share one gateway of their own.</summary>
/// <param name="engine">The engine's program; null: the one found on this machine.</param>
/// <param name="rules">Rule file; null: it sleeps after a short idle time.</param>
public abstract class GatewayFixture(string? engine, string? rules = null)
{
    private GatewayProcess? _gateway;

    internal GatewayProcess Gateway => _gateway ?? throw new InvalidOperationException("The gateway was not started.");

    [OneTimeSetUp]
    public async Task StartGateway() => _gateway = await GatewayProcess.StartAsync(rules, engine: engine);

    [OneTimeTearDown]
    public async Task StopGateway()
    {
        if (_gateway is not null)
        {
            await _gateway.DisposeAsync();
        }
    }
}
