namespace Serverless.Host.Gateway.State;

/// <summary>
/// Things by name that pin a session while it has them: temporary tables, handlers, statements prepared in SQL, user locks. A kind whose names could not
/// all be followed stays held until the session is reset.
/// </summary>
internal sealed class HeldNames
{
    /// <summary>More than this are not followed by name.</summary>
    private const int Limit = 1000;

    private readonly HashSet<(PinCauses Kind, string Name)> _names = [];
    private readonly List<(PinCauses Kind, string Name, bool Taken)> _underWay = [];

    /// <summary>Kinds with something whose name is not known.</summary>
    private PinCauses _unclear;

    public static ReadOnlySpan<PinCauses> Kinds =>
        new[] { PinCauses.TemporaryTable, PinCauses.OpenHandler, PinCauses.SqlPreparedStatement, PinCauses.UserLock };

    /// <summary>The statement under way takes it. Without a name, or with too many, the kind becomes unclear for good.</summary>
    public void Take(PinCauses kind, string? name)
    {
        if (name is null || _names.Count >= Limit) Blur(kind);
        else if (_names.Add((kind, name))) _underWay.Add((kind, name, Taken: true));
    }

    /// <summary>The statement under way gives it up.</summary>
    public void Leave(PinCauses kind, string name) => _underWay.Add((kind, name, Taken: false));

    /// <summary>The statement ended: what it took is had when it ran, what it gave up is gone when it ran.</summary>
    public void Settle(bool ran)
    {
        foreach (var (kind, name, taken) in _underWay)
        {
            if (taken != ran) _names.Remove((kind, name));
        }
        _underWay.Clear();
    }

    public void RemoveAll(PinCauses kind)
    {
        _names.RemoveWhere(n => n.Kind == kind);
        _unclear &= ~kind;
    }

    /// <summary>It is known to be gone.</summary>
    public void Drop(PinCauses kind, string name) => _names.Remove((kind, name));

    /// <summary>From now on what this kind holds is not known by name.</summary>
    public void Blur(PinCauses kind) => _unclear |= kind;

    public bool IsUnclear(PinCauses kind) => (_unclear & kind) != 0;

    public bool Any(PinCauses kind)
    {
        if (IsUnclear(kind)) return true;
        foreach (var name in _names)
        {
            if (name.Kind == kind) return true;
        }
        return false;
    }

    public IReadOnlyList<string> Of(PinCauses kind) => [.. _names.Where(n => n.Kind == kind).Select(n => n.Name).Order(StringComparer.Ordinal)];
}
