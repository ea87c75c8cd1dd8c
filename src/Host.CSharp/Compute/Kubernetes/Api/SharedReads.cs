using Serverless.Host.Compute.Kubernetes.Api.Objects;

namespace Serverless.Host.Compute.Kubernetes.Api;

/// <summary>
/// Reads of single objects of one kind by many who do not know of each other: a few are asked for by name, and where more come within a second one list answers all of them. Each answer is as the server
/// had it at some moment after it was asked for, as that of a get is; nothing is kept.
/// </summary>
/// <param name="gather">How long those beyond the few wait for each other.</param>
internal sealed class SharedReads<T>(IKubernetesApi api, Resource<T> resource, string space, TimeSpan gather, TimeProvider time) where T : class, IApiObject
{
    /// <summary>One that is slow, or not answered at all, then keeps none of the others waiting.</summary>
    private const int MostByName = 8;

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly Lock _guard = new();
    private List<Question> _waiting = [];
    private int _byName;
    private int _lately;
    private long _latelyFrom = time.GetTimestamp();
    private bool _isListing;

    /// <param name="cancellation">Of the waiting alone: the call ends within its own time limit.</param>
    /// <returns>Null: there is none.</returns>
    /// <exception cref="ApiException">It cannot be read.</exception>
    public Task<T?> FindAsync(string name, CancellationToken cancellation)
    {
        var question = new Question(new ObjectName(space, name));
        bool isByName, begins = false;
        lock (_guard)
        {
            isByName = _byName < MostByName && !_isListing && AreFew();
            if (isByName)
            {
                _byName++;
            }
            else
            {
                _waiting.Add(question);
                begins = !_isListing;
                _isListing = true;
            }
        }

        if (isByName)
        {
            _ = AskByNameAsync(question);
        }
        else if (begins)
        {
            _ = AskTogetherAsync();
        }

        return question.Answer.Task.WaitAsync(cancellation);
    }

    private bool AreFew()
    {
        if (time.GetElapsedTime(_latelyFrom) >= s_second)
        {
            (_lately, _latelyFrom) = (0, time.GetTimestamp());
        }

        return ++_lately <= MostByName;
    }

    private async Task AskByNameAsync(Question one)
    {
        await Task.Yield();
        await AnswerByNameAsync(one);
        lock (_guard)
        {
            _byName--;
        }
    }

    private async Task AskTogetherAsync()
    {
        while (true)
        {
            await Task.Delay(gather, time);
            List<Question> asked;
            lock (_guard)
            {
                if (_waiting.Count == 0)
                {
                    _isListing = false;
                    return;
                }

                // what comes from here on is asked of the server after this
                (asked, _waiting) = (_waiting, []);
            }

            await (asked.Count > MostByName ? AnswerByListAsync(asked) : Task.WhenAll(asked.Select(AnswerByNameAsync)));
        }
    }

    private async Task AnswerByNameAsync(Question one)
    {
        try
        {
            one.Answer.TrySetResult(await api.FindAsync(resource, one.Name, CancellationToken.None));
        }
        catch (Exception e)
        {
            one.Answer.TrySetException(e);
        }
    }

    private async Task AnswerByListAsync(List<Question> asked)
    {
        try
        {
            ApiList<T> all = await api.ListAsync(resource, space, Selection.All, CancellationToken.None);
            var found = all.Items.ToDictionary(one => one.Metadata.Name, StringComparer.Ordinal);
            var unreadable = all.Unreadable.Select(one => one.Name.Name).ToHashSet(StringComparer.Ordinal);
            foreach (Question one in asked.Where(one => !unreadable.Contains(one.Name.Name)))
            {
                one.Answer.TrySetResult(found.GetValueOrDefault(one.Name.Name));
            }

            // these say why
            await Task.WhenAll(asked.Where(one => unreadable.Contains(one.Name.Name)).Select(AnswerByNameAsync));
        }
        catch (ApiException e) when (!e.IsPassing)
        {
            // a list may be larger than is taken, for objects that nobody asked for
            foreach (Question[] few in asked.Chunk(MostByName))
            {
                await Task.WhenAll(few.Select(AnswerByNameAsync));
            }
        }
        catch (Exception e)
        {
            asked.ForEach(one => one.Answer.TrySetException(e));
        }
    }

    private sealed record Question(ObjectName Name)
    {
        public TaskCompletionSource<T?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
