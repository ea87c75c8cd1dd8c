namespace Serverless.Host.Compute.Kubernetes.Fleet.Suspending;

/// <summary>One question at a time: one that is asked for while one is under way is asked once more after it, however often it was asked for, so that on a slow server they do not pile up.</summary>
/// <param name="ask">Ends within a time limit, and never throws.</param>
internal sealed class SingleFlight(Func<Task> ask)
{
    private readonly Lock _guard = new();
    private bool _isUnderway;
    private bool _again;

    /// <summary>Asks now, or once more when the answer to what is being asked has come.</summary>
    public void Ask()
    {
        lock (_guard)
        {
            if (_isUnderway)
            {
                _again = true;
                return;
            }

            _isUnderway = true;
        }

        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await ask();
            lock (_guard)
            {
                if (!_again)
                {
                    _isUnderway = false;
                    return;
                }

                _again = false;
            }
        }
    }
}
