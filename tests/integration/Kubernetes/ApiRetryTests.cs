using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What is sent again and what is not, and how long a call may take.</summary>
internal sealed class ApiRetryTests
{
    private DoubleRig _rig = null!;

    [SetUp]
    public async Task StartAsync() => _rig = await DoubleRig.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _rig.DisposeAsync();

    [TestCase(429, "POST")]
    [TestCase(503, "POST")]
    [TestCase(500, "GET")]
    public async Task Call_PutOffByTheServer_IsSentAgainAsLateAsItSays(int code, string method)
    {
        int left = 2;
        _rig.Server.Instead = async context =>
        {
            if (left-- <= 0) return false;
            context.Response.Headers.RetryAfter = left == 1 ? "1" : "0";
            await ApiDouble.RefuseAsync(context, code, "TooBusy", "later");
            return true;
        };
        long began = TimeProvider.System.GetTimestamp();
        if (method == "POST") await _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default);
        else Assert.That(await _rig.Api.FindAsync(Resources.ConfigMaps, One, default), Is.Null);
        Assert.That(_rig.Server.Asked, Has.Count.EqualTo(3));
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.GreaterThan(TimeSpan.FromMilliseconds(990)));
    }

    [Test]
    public async Task Call_PutOffForTooLong_IsToldAtOnce()
    {
        _rig.Server.Instead = async context =>
        {
            context.Response.Headers.RetryAfter = "3600";
            await ApiDouble.RefuseAsync(context, 429, "TooManyRequests", "later");
            return true;
        };
        ApiException failure = await FailAsync(() => _rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That((failure.Failure, failure.RetryAfter), Is.EqualTo((ApiFailure.TooManyRequests, (TimeSpan?)TimeSpan.FromHours(1))));
        Assert.That(_rig.Server.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Read_WhoseConnectionBreaks_IsSentAgain()
    {
        int left = 3;
        _rig.Server.Instead = context =>
        {
            if (left-- <= 0) return Task.FromResult(false);
            context.Abort();
            return Task.FromResult(true);
        };
        _rig.Server.Put(Maps, Map("one"));
        Assert.That((await _rig.Api.GetAsync(Resources.ConfigMaps, One, default)).Metadata.Name, Is.EqualTo("one"));
    }

    /// <summary>It may have been carried out.</summary>
    [TestCase("create")]
    [TestCase("patch")]
    [TestCase("delete")]
    public async Task Write_WhoseConnectionBreaks_IsNotSentAgain(string verb)
    {
        _rig.Server.Instead = context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        ApiException failure = await FailAsync(() => verb switch
        {
            "create" => _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default),
            "patch" => _rig.Api.PatchAsync(Resources.ConfigMaps, One, Patch.Merge([]), default),
            _ => _rig.Api.DeleteAsync(Resources.ConfigMaps, One, null, default),
        });
        Assert.That((failure.Failure, failure.WasSent), Is.EqualTo((ApiFailure.Unreachable, true)));
        Assert.That(_rig.Server.Asked, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Write_ThatReachesNobody_SaysSo()
    {
        await _rig.Server.DisposeAsync();
        ApiException failure = await FailAsync(() => _rig.Api.CreateAsync(Resources.ConfigMaps, "default", New("one"), default));
        Assert.That((failure.Failure, failure.WasSent, failure.IsPassing), Is.EqualTo((ApiFailure.Unreachable, false, true)));
        Assert.That(failure.Message, Does.Contain("create configmaps default").And.Contain("cannot be reached").And.Contain("refused"));
        Assert.That(_rig.Statistics.Counts[new ApiCallKind("create", "configmaps", "unreachable")], Is.EqualTo(Quick.MostAttempts));
    }

    /// <summary>As over a connection that is dead and does not know it.</summary>
    [Test]
    public async Task Read_WithoutAnAnswer_IsSentAgainWithinItsTime()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { AttemptTimeLimit = TimeSpan.FromSeconds(2) });
        rig.Server.Put(Maps, Map("one"));
        int asked = 0;
        rig.Server.Instead = async context =>
        {
            if (Interlocked.Increment(ref asked) > 1) return false;
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        Assert.That((await rig.Api.GetAsync(Resources.ConfigMaps, One, default)).Metadata.Name, Is.EqualTo("one"));
    }

    [Test]
    public async Task Call_WithALimitOfItsOwn_EndsWithinIt()
    {
        _rig.Server.Instead = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        ApiException failure = await FailAsync(() => _rig.Api.Within(TimeSpan.FromMilliseconds(300)).CreateAsync(Resources.ConfigMaps, "default", New("one"), default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TimedOut));
        Assert.That(failure.Message, Does.Contain("within 0.3 s"));
    }

    [TestCase("no head")]
    [TestCase("no end")]
    public async Task Answer_ThatDoesNotCome_EndsWithTheTimeLimit(string kind)
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { CallTimeLimit = TimeSpan.FromMilliseconds(300) });
        rig.Server.Instead = async context =>
        {
            if (kind == "no end")
            {
                await context.Response.WriteAsync("{");
                await context.Response.Body.FlushAsync();
            }

            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        ApiException failure = await FailAsync(() => rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TimedOut));
        Assert.That(failure.Message, Does.Contain("within 0.3 s"));
    }

    /// <summary>Of a read the attempts have limits too, and who asked was promised those of the call: with no attempt left, or no time before the next, it goes on until they are over.</summary>
    [TestCase(2, 1)]
    [TestCase(5, 10_000)]
    public async Task Read_WithoutAnAnswer_HasAllOfItsTime(int attempts, int delay)
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with
        {
            CallTimeLimit = TimeSpan.FromSeconds(3),
            AttemptTimeLimit = TimeSpan.FromMilliseconds(20),
            MostAttempts = attempts,
            FirstRetryDelay = TimeSpan.FromMilliseconds(delay),
        });
        rig.Server.Instead = async context =>
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return true;
        };
        long began = TimeProvider.System.GetTimestamp();
        ApiException failure = await FailAsync(() => rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TimedOut));
        Assert.That(failure.Message, Does.Contain("within 3 s (at first: "));
        Assert.That(TimeProvider.System.GetElapsedTime(began), Is.GreaterThan(TimeSpan.FromSeconds(2.9)));
    }
}
