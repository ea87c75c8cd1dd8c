using System.Collections.Immutable;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>The objects as they were last heard of, and those who want to hear of changes. Written by one, read by any.</summary>
internal sealed class ResourceStore<T> where T : class, IApiObject
{
    private readonly Lock _guard = new();
    private readonly List<ChangeQueue<T>> _readers = [];
    private volatile ImmutableDictionary<ObjectName, T> _items = ImmutableDictionary<ObjectName, T>.Empty;

    public ImmutableDictionary<ObjectName, T> Items => _items;

    public void Set(T item)
    {
        ObjectName name = NameOf(item);
        lock (_guard)
        {
            T? before = _items.GetValueOrDefault(name);
            if (!IsSame(before, item))
            {
                _items = _items.SetItem(name, item);
                Tell(new CacheChange<T>(name, before, item));
            }
        }
    }

    public void Remove(ObjectName name)
    {
        lock (_guard)
        {
            if (_items.TryGetValue(name, out T? before))
            {
                _items = _items.Remove(name);
                Tell(new CacheChange<T>(name, before, null));
            }
        }
    }

    /// <summary>Becomes what a list says, and tells what is different from before: what is gone as well.</summary>
    /// <param name="unreadable">They are there: of those that were known before, what was known is kept.</param>
    public void Replace(IEnumerable<T> items, IEnumerable<ObjectName> unreadable)
    {
        lock (_guard)
        {
            ImmutableDictionary<ObjectName, T> old = _items;
            ImmutableDictionary<ObjectName, T>.Builder listed = ImmutableDictionary.CreateBuilder<ObjectName, T>();
            foreach (T item in items)
            {
                listed[NameOf(item)] = item;
            }

            foreach (ObjectName name in unreadable)
            {
                if (!listed.ContainsKey(name) && old.TryGetValue(name, out T? known))
                {
                    listed[name] = known;
                }
            }

            _items = listed.ToImmutable();
            foreach ((ObjectName name, T before) in old)
            {
                if (!_items.ContainsKey(name))
                {
                    Tell(new CacheChange<T>(name, before, null));
                }
            }

            foreach ((ObjectName name, T after) in _items)
            {
                T? before = old.GetValueOrDefault(name);
                if (!IsSame(before, after))
                {
                    Tell(new CacheChange<T>(name, before, after));
                }
            }
        }
    }

    /// <summary>A new reader, who is told first of all that is there.</summary>
    public ChangeQueue<T> Join()
    {
        var reader = new ChangeQueue<T>();
        lock (_guard)
        {
            foreach ((ObjectName name, T item) in _items)
            {
                reader.Add(new CacheChange<T>(name, null, item));
            }

            _readers.Add(reader);
        }

        return reader;
    }

    public void Leave(ChangeQueue<T> reader)
    {
        lock (_guard)
        {
            _readers.Remove(reader);
        }

        reader.Dispose();
    }

    private static ObjectName NameOf(T item) => new(item.Metadata.Namespace, item.Metadata.Name);

    private static bool IsSame(T? before, T after) => before is not null
        && before.Metadata.ResourceVersion == after.Metadata.ResourceVersion && before.Metadata.Uid == after.Metadata.Uid;

    private void Tell(CacheChange<T> change)
    {
        foreach (ChangeQueue<T> reader in _readers)
        {
            reader.Add(change);
        }
    }
}
