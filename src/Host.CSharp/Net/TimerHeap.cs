namespace Serverless.Host.Net;

/// <summary>A binary heap of timers by due time, which also knows where each one is, so that it can be taken out.</summary>
internal sealed class TimerHeap
{
    private LoopTimer?[] _items = new LoopTimer?[16];

    public int Count { get; private set; }

    public LoopTimer? Next => _items[0];

    public void Add(LoopTimer timer)
    {
        if (Count == _items.Length) Array.Resize(ref _items, Count * 2);
        Count++;
        SiftUp(timer, Count - 1);
    }

    public void Remove(LoopTimer timer)
    {
        var index = timer.HeapIndex;
        timer.HeapIndex = -1;
        Count--;
        var last = _items[Count]!;
        _items[Count] = null;
        if (index == Count) return;
        if (index > 0 && last.Due < _items[(index - 1) / 2]!.Due) SiftUp(last, index);
        else SiftDown(last, index);
    }

    private void SiftUp(LoopTimer timer, int index)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (_items[parent]!.Due <= timer.Due) break;
            Place(_items[parent]!, index);
            index = parent;
        }
        Place(timer, index);
    }

    private void SiftDown(LoopTimer timer, int index)
    {
        while (true)
        {
            var child = (2 * index) + 1;
            if (child >= Count) break;
            if (child + 1 < Count && _items[child + 1]!.Due < _items[child]!.Due) child++;
            if (_items[child]!.Due >= timer.Due) break;
            Place(_items[child]!, index);
            index = child;
        }
        Place(timer, index);
    }

    private void Place(LoopTimer timer, int index)
    {
        _items[index] = timer;
        timer.HeapIndex = index;
    }
}
