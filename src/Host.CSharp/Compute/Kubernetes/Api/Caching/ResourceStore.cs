using System.Collections.Immutable;
using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api.Caching;

/// <summary>The objects as they were last heard of, and those who want to hear of changes. Written by one, read by any.</summary>
internal sealed class ResourceStore<T> where T : class, IApiObject
{
    private readonly Lock _guard = new();
    private readonly List<ChangeQueue<T>> _readers = [];
    private volatile StoreContents<T> _contents = new(ImmutableDictionary<ObjectName, T>.Empty, ImmutableDictionary<ObjectName, string>.Empty);

    public StoreContents<T> Contents => _contents;

    public void Set(T item)
    {
        ObjectName name = NameOf(item);
        lock (_guard)
        {
            T? before = _contents.Items.GetValueOrDefault(name);
            bool isSame = IsSame(before, item);
            _contents = new StoreContents<T>(isSame ? _contents.Items : _contents.Items.SetItem(name, item), _contents.Unreadable.Remove(name));
            if (!isSame)
            {
                Tell(new CacheChange<T>(name, before, item));
            }
        }
    }

    /// <summary>It is there, and not what it was; what was known of it is kept.</summary>
    public void SetUnreadable(ObjectName name, string reason)
    {
        lock (_guard)
        {
            _contents = _contents with { Unreadable = _contents.Unreadable.SetItem(name, reason) };
        }
    }

    public void Remove(ObjectName name)
    {
        lock (_guard)
        {
            T? before = _contents.Items.GetValueOrDefault(name);
            _contents = new StoreContents<T>(_contents.Items.Remove(name), _contents.Unreadable.Remove(name));
            if (before is not null)
            {
                Tell(new CacheChange<T>(name, before, null));
            }
        }
    }

    /// <summary>Becomes what a list says, and tells what is different from before: what is gone as well.</summary>
    /// <param name="unreadable">They are there: of those that were known before, what was known is kept.</param>
    public void Replace(IEnumerable<T> items, IReadOnlyList<UnreadableObject> unreadable)
    {
        lock (_guard)
        {
            ImmutableDictionary<ObjectName, T> old = _contents.Items;
            ImmutableDictionary<ObjectName, T>.Builder listed = ImmutableDictionary.CreateBuilder<ObjectName, T>();
            foreach (T item in items)
            {
                listed[NameOf(item)] = item;
            }

            ImmutableDictionary<ObjectName, string>.Builder reasons = ImmutableDictionary.CreateBuilder<ObjectName, string>();
            foreach (UnreadableObject one in unreadable)
            {
                if (!listed.ContainsKey(one.Name) && old.TryGetValue(one.Name, out T? known))
                {
                    listed[one.Name] = known;
                }

                reasons[one.Name] = one.Reason;
            }

            ImmutableDictionary<ObjectName, T> now = listed.ToImmutable();
            _contents = new StoreContents<T>(now, reasons.ToImmutable());
            foreach ((ObjectName name, T before) in old)
            {
                if (!now.ContainsKey(name))
                {
                    Tell(new CacheChange<T>(name, before, null));
                }
            }

            foreach ((ObjectName name, T after) in now)
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
            foreach ((ObjectName name, T item) in _contents.Items)
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
