namespace Serverless.Host.Net;

/// <summary>
/// Descriptors of a loop by slot. The key carries the slot's generation, so that an event which was already fetched when its
/// descriptor was closed finds nothing, even if the slot has been taken again.
/// </summary>
internal sealed class TargetTable
{
    private Slot[] _slots = new Slot[64];
    private int _used;
    private int _free = -1;

    private struct Slot
    {
        public IReadinessTarget? Target;
        public uint Generation;
        public int NextFree;
    }

    public int Count { get; private set; }

    public ulong Add(IReadinessTarget target)
    {
        int index;
        if (_free >= 0)
        {
            index = _free;
            _free = _slots[index].NextFree;
        }
        else
        {
            if (_used == _slots.Length) Array.Resize(ref _slots, _used * 2);
            index = _used++;
        }
        _slots[index].Target = target;
        Count++;
        return ((ulong)_slots[index].Generation << 32) | (uint)index;
    }

    public IReadinessTarget? Find(ulong key)
    {
        ref var slot = ref _slots[(uint)key];
        return slot.Generation == (uint)(key >> 32) ? slot.Target : null;
    }

    public void Remove(ulong key)
    {
        var index = (int)(uint)key;
        ref var slot = ref _slots[index];
        if (slot.Target is null || slot.Generation != (uint)(key >> 32)) return;
        slot.Target = null;
        // The topmost generation would make the key that stands for the wake-up descriptor possible.
        slot.Generation = slot.Generation == uint.MaxValue - 1 ? 0 : slot.Generation + 1;
        slot.NextFree = _free;
        _free = index;
        Count--;
    }

    public IReadOnlyList<IReadinessTarget> All() => [.. _slots.Where(static slot => slot.Target is not null).Select(static slot => slot.Target!)];
}
