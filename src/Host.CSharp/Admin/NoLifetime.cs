using Microsoft.Extensions.Hosting;

namespace Serverless.Host.Admin;

/// <summary>The web server starts and stops when it is told to, and listens to no signals.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
