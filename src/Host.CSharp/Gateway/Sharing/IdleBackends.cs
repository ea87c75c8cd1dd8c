namespace Serverless.Host.Gateway.Sharing;

/// <summary>The idle backend connections of one key, in the order in which they came; sessions of that key keep it at hand.</summary>
internal sealed class IdleBackends(BackendKey key)
{
    /// <summary>How many are looked at for one whose settings are a session's.</summary>
    private const int MostLookedAt = 128;

    private readonly List<LentBackend> _idle = [];

    public BackendKey Key => key;

    public int Count => _idle.Count;

    public void Add(LentBackend backend) => _idle.Add(backend);

    public void Remove(LentBackend backend) => _idle.Remove(backend);

    /// <summary>The one that came last and fits best: the server has most of it in its caches, and those that are not needed grow old.</summary>
    public LentBackend? Find(in BackendWish wish)
    {
        LentBackend? best = null;
        var bestFit = BackendFit.None;
        for (var i = _idle.Count - 1; i >= Math.Max(0, _idle.Count - MostLookedAt); i--)
        {
            var fit = wish.FitOf(_idle[i]);
            if (fit <= bestFit) continue;
            (best, bestFit) = (_idle[i], fit);
            if (fit == BackendFit.Own) break;
        }
        return best;
    }
}
