using System.Collections.Concurrent;
using NUnit.Framework;

namespace Serverless.Tests.Integration;

/// <summary>Gives back, at the end of the whole run, what its tests share. The runner may kill the process before ProcessExit handlers have done so.</summary>
[SetUpFixture]
internal sealed class RunCleanup
{
    private static readonly ConcurrentBag<IDisposable> Shared = [];

    /// <summary>Has it disposed after the last test.</summary>
    public static T Keep<T>(T shared) where T : IDisposable
    {
        Shared.Add(shared);
        return shared;
    }

    [OneTimeTearDown]
    public void GiveBack()
    {
        foreach (var shared in Shared) shared.Dispose();
    }
}
