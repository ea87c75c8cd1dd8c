using Serverless.Host.Control.Settings;
namespace Serverless.Host.Control;
/// <summary>x</summary>
internal static class HostRun
{
    public static Task<int> RunAsync(HostSettings settings, TextWriter output, TextWriter error, CancellationToken cancellation) => Task.FromResult(settings.Databases.Count);
}
