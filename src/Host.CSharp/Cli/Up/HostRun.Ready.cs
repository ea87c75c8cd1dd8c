using Serverless.Host.Admin;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>When this gateway may be given clients.</summary>
internal sealed partial class HostRun
{
    private static readonly TimeSpan ReadyLook = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Clients can connect before; but a gateway that knows of no database, or whose gates are closed because it is none of the fleet yet, would make them wait for what another has. Ends with the cancellation.
    /// </summary>
    private async Task BecomeReadyAsync(AdminServer admin, CancellationToken cancellation)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!IsReady && !(TimeProvider.System.GetElapsedTime(began) >= FirstStartPatience && HasOutsideOfClusters))
        {
            // that it is cancelled is seen below
            await Task.WhenAny(Task.Delay(ReadyLook, cancellation));
            if (cancellation.IsCancellationRequested)
            {
                return;
            }
        }

        admin.Ready = true;
        if (cancellation.IsCancellationRequested)
        {
            // the end may have said otherwise in between
            admin.Ready = false;
        }
    }

    private bool IsReady => _found is not { HasFollowed: false } && _computes.AreMembers && (_settings.Databases.Count == 0 || !_databases.IsEmpty);

    /// <summary>One at least that no cluster is needed for.</summary>
    private bool HasOutsideOfClusters => _databases.Values.Any(one => one.Settings.Compute != ComputeKind.Kubernetes);
}
