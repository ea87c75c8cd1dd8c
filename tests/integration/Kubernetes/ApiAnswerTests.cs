using System.Text;
using Microsoft.AspNetCore.Http;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Api.Objects;
using static Serverless.Tests.Integration.Kubernetes.DoubleRig;

namespace Serverless.Tests.Integration.Kubernetes;

/// <summary>What is made of answers that are none: never a crash, never more memory than allowed.</summary>
internal sealed class ApiAnswerTests
{
    private DoubleRig _rig = null!;

    [SetUp]
    public async Task StartAsync() => _rig = await DoubleRig.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _rig.DisposeAsync();

    [TestCase("""{"type":"\ud800","object":{"metadata":{"name":"x","resourceVersion":"9"}}}""")]
    [TestCase("""{"typ\ud800":"ADDED","object":{}}""")]
    public async Task Watch_OfHalfACharacter_IsToldAsSuch(string line)
    {
        await AnswerAsync(Encoding.ASCII.GetBytes(line + "\n"));
        ApiException failure = await FailAsync(async () =>
        {
            await foreach (WatchEvent<ConfigMap> _ in _rig.Api.WatchAsync(Resources.ConfigMaps, "default", Selection.All, "1", default))
            {
                // opened
            }
        });
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.Malformed));
    }

    [TestCase("null")]
    [TestCase("")]
    [TestCase("{")]
    [TestCase("<html>welcome to the hotel</html>")]
    [TestCase("""{"metadata": {"name": 7}}""")]
    [TestCase("""{"metadata": {"name": "x", "labels": {"a": {}}}}""")]
    [TestCase("\"\\ud800\"")]
    [TestCase("{\"metadata\": {\"name\": \"\xff\xfe\"}, \"data\": [")]
    public async Task Answer_ThatIsNone_IsToldAsSuch(string answer)
    {
        await AnswerAsync(Encoding.Latin1.GetBytes(answer));
        ApiException get = await FailAsync(() => _rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        ApiException list = await FailAsync(() => _rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default));
        Assert.That((get.Failure, list.Failure), Is.EqualTo((ApiFailure.Malformed, ApiFailure.Malformed)), get.Message);
    }

    [Test]
    public async Task Answer_OfDeepestNesting_IsToldAsSuch()
    {
        await AnswerAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 100_000))));
        Assert.That((await FailAsync(() => _rig.Api.GetAsync(Resources.ConfigMaps, One, default))).Failure, Is.EqualTo(ApiFailure.Malformed));
    }

    /// <summary>Bytes at random, and good answers with bytes changed at random: an object or an <see cref="ApiException"/>, nothing else.</summary>
    [Test]
    public async Task Answer_OfAnyBytes_IsReadOrToldAsSuch()
    {
        var random = new Random(11);
        byte[] good = Encoding.UTF8.GetBytes("""{"kind":"List","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"a","labels":{"x":"y"},"creationTimestamp":"2026-01-01T00:00:00Z"},"data":{"k":"v"}}]}""");
        for (int i = 0; i < 400; i++)
        {
            byte[] bytes = [.. good];
            for (int k = random.Next(1, 6); k > 0; k--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (i % 4 == 0) bytes = bytes[..random.Next(bytes.Length)];
            await AnswerAsync(bytes);
            try
            {
                await _rig.Api.ListAsync(Resources.ConfigMaps, "default", Selection.All, default);
            }
            catch (ApiException e)
            {
                Assert.That(e.Failure, Is.EqualTo(ApiFailure.Malformed).Or.EqualTo(ApiFailure.Unreachable).Or.EqualTo(ApiFailure.Gone));
            }
        }
    }

    [Test]
    public async Task Answer_LargerThanAllowed_IsNotTakenIn()
    {
        await using DoubleRig rig = await DoubleRig.StartAsync(Quick with { LargestResponse = 1000 });
        rig.Server.Put(Maps, Map("one", new string('x', 2000)));
        ApiException failure = await FailAsync(() => rig.Api.GetAsync(Resources.ConfigMaps, One, default));
        Assert.That(failure.Failure, Is.EqualTo(ApiFailure.TooLarge));
        Assert.That(failure.Message, Does.Contain("at most 1000 bytes"));
    }

    private Task AnswerAsync(byte[] bytes)
    {
        _rig.Server.Instead = async context =>
        {
            await context.Response.Body.WriteAsync(bytes);
            return true;
        };
        return Task.CompletedTask;
    }
}
