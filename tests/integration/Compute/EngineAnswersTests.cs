using Serverless.Host.Compute.Local;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.EndToEnd;

namespace Serverless.Tests.Integration.Compute;

/// <summary>What is read of a running engine.</summary>
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
internal sealed class EngineAnswersTests(string? program)
{
    [Test]
    public async Task Accounts_AreThoseOfTheEngineWithoutRolesAndOurOwn()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.AskAsync("CREATE USER 'locked'@'10.0.0.%' IDENTIFIED BY 'x' ACCOUNT LOCK");
        await engine.AskAsync("CREATE USER 'expired'@'localhost' IDENTIFIED BY 'x' PASSWORD EXPIRE");
        await engine.AskAsync("CREATE USER 'secure'@'%' IDENTIFIED BY 'x' REQUIRE SSL");
        var snapshot = await engine.Compute.ReadAccountsAsync(CancellationToken.None);
        Account Find(string user) => snapshot.Accounts.Single(account => account.User == user);

        Assert.That(snapshot.Accounts.Select(account => account.User), Has.No.Member("serverless_gateway"));
        Assert.That(Find("locked"), Has.Property("Locked").True.And.Property("Host").EqualTo("10.0.0.%"));
        Assert.That(Find("expired").PasswordExpired, Is.True);
        Assert.That(Find("secure").RequiresTls, Is.True);
        Assert.That(Find("app"), Has.Property("Locked").False.And.Property("PasswordExpired").False.And.Property("RequiresTls").False);
    }

    [Test]
    public async Task Accounts_TheHashesAreWhatTheEngineChecksAgainst()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var app = (await engine.Compute.ReadAccountsAsync(CancellationToken.None)).Accounts.Single(account => account.User == "app");
        if (app.Plugin == "mysql_native_password")
        {
            Assert.That(app.AuthenticationString, Is.EqualTo(await engine.AskAsync("SELECT PASSWORD('it\\'s \\\\secret')")));
            return;
        }
        Assert.That(app.Plugin, Is.EqualTo("caching_sha2_password"));
        // `$A$`, rounds, `$`, 20 bytes of salt, 43 letters of digest: any other length and the salt was mangled on the way.
        Assert.That(app.AuthenticationString, Does.StartWith("$A$").And.Length.EqualTo(70));
    }

    [Test]
    public async Task Profile_SaysWhatTheEngineIs()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var profile = await engine.Compute.ReadProfileAsync(CancellationToken.None);
        Assert.That(profile.Variables["version"], Is.Not.Empty.And.EqualTo(await engine.AskAsync("SELECT @@version")));
        Assert.That(profile.Version, Does.Contain(profile.Variables["version"].Split('-')[0]));
        Assert.That(profile.Family, Is.EqualTo(program is null ? ServerFamily.MariaDb : ServerFamily.MySql));
        Assert.That(profile.Collations["utf8mb4_bin"], Is.EqualTo(new CollationInfo(46, "utf8mb4", IsDefault: false)));
        Assert.That(profile.Variables, Has.Count.GreaterThan(300));
    }

    [Test]
    public async Task Measure_HasUsageAndSamplesInTheirScales()
    {
        await using var engine = await TestEngine.StartAsync(program);
        await engine.AskAsync("CREATE DATABASE d");
        await engine.AskAsync("CREATE TABLE d.t (a INT PRIMARY KEY, b TEXT) ENGINE=InnoDB");
        await engine.Compute.MeasureAsync(CancellationToken.None);
        await engine.AskAsync("SELECT BENCHMARK(2000000, SHA2('x', 256))");
        await engine.AskAsync("INSERT INTO d.t WITH RECURSIVE n AS (SELECT 1 a UNION ALL SELECT a + 1 FROM n WHERE a < 900) SELECT a, REPEAT('x', 2000) FROM n");
        await engine.AskAsync("SELECT COUNT(*) FROM d.t");
        await engine.AskAsync("SET tmp_table_size = 1024, max_heap_table_size = 16384; SELECT SQL_BIG_RESULT b, COUNT(*) FROM (SELECT DISTINCT a, b FROM d.t) d GROUP BY b");
        // rates are of half a second and more
        await Task.Delay(600);
        var usage = await engine.Compute.MeasureAsync(CancellationToken.None);

        Assert.That(usage.CpuMillicores, Is.GreaterThan(50));
        Assert.That(usage.ResidentBytes, Is.GreaterThan(30L << 20));
        Assert.That(usage.BufferPoolBytes, Is.GreaterThan(30L << 20));
        Assert.That(usage.BufferPoolResidentBytes, Is.GreaterThan(0).And.LessThanOrEqualTo(usage.BufferPoolBytes!.Value));
        Assert.That(usage.Samples["buffer_pool.hit"], Is.InRange(0, 10_000));
        Assert.That(usage.Samples["buffer_pool.used"], Is.InRange(1, 10_000));
        Assert.That(usage.Samples["threads.running"], Is.Not.Negative.And.LessThan(50_000));
        Assert.That(usage.Samples["rows.read"], Is.GreaterThan(1_000), "900 rows in some seconds");
        Assert.That(usage.Samples["rows.changed"], Is.GreaterThan(1_000));
        Assert.That(usage.Samples["temporary_tables.disk"], Is.Positive, "texts do not fit into one in memory");
        Assert.That(usage.Samples.Keys, Has.No.Member("replica.lag"), "what is not there is missing");
    }

    [Test]
    public async Task Measure_NothingRuns_AllIsMissing()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var usage = await engine.Compute.MeasureAsync(CancellationToken.None);
        Assert.That(usage, Has.Property("CpuMillicores").Null.And.Property("ResidentBytes").Null.And.Property("BufferPoolBytes").Null);
        Assert.That(usage.Samples, Is.Empty);
    }

    [Test]
    public async Task Resize_TheBufferPoolFollowsUpAndDown()
    {
        await using var engine = await TestEngine.StartAsync(program);
        async Task<long> PoolAsync() => (await engine.Compute.MeasureAsync(CancellationToken.None)).BufferPoolBytes!.Value;
        var small = await PoolAsync();
        var up = await engine.Compute.ResizeAsync(TestEngine.Large, CancellationToken.None);
        var large = await PoolAsync();
        var down = await engine.Compute.ResizeAsync(TestEngine.Small, CancellationToken.None);

        Assert.That(up, Is.InstanceOf<Host.Compute.EffectResult.Done>(), $"{up}");
        Assert.That(down, Is.InstanceOf<Host.Compute.EffectResult.Done>(), $"{down}");
        Assert.That(large, Is.GreaterThan(small + (200L << 20)));
        Assert.That(await PoolAsync(), Is.EqualTo(small).Within(16L << 20));
        Assert.That((await engine.Compute.ObserveAsync(CancellationToken.None)).Size, Is.EqualTo(TestEngine.Small));
    }

    [Test]
    public async Task Resize_TheControlGroupLimitsIt()
    {
        await using var engine = await TestEngine.StartAsync(program);
        if (!engine.Compute.SizeIsLimitedBy.Contains("cpu and memory", StringComparison.Ordinal)) Assert.Ignore($"No control group can be written here: {engine.Compute.SizeIsLimitedBy}");
        await engine.Compute.ResizeAsync(TestEngine.Large, CancellationToken.None);
        var groups = await File.ReadAllTextAsync($"/proc/{engine.ProcessId()}/cgroup");
        Assert.That(groups, Does.Contain("/serverless-"));
        Assert.That(ControlGroupFiles.ReadCpuMillicores(engine.ProcessId()!.Value), Is.EqualTo(TestEngine.Large.CpuMillicores));
        Assert.That(ControlGroupFiles.ReadMemory(engine.ProcessId()!.Value), Is.EqualTo(TestEngine.Large.MemoryBytes));
    }

    [Test]
    public async Task Resize_BeyondTheMachine_IsInfeasible()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var result = await engine.Compute.ResizeAsync(new(1000, Machine.Capacity.MemoryBytes * 2), CancellationToken.None);
        Assert.That(result, Is.InstanceOf<Host.Compute.EffectResult.Infeasible>());
    }
}
