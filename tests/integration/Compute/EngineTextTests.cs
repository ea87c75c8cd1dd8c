using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Local;
using Serverless.Host.Mysql;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Compute;

/// <summary>Reading what engines, the kernel and the user's configuration say.</summary>
public sealed class EngineTextTests
{
    [TestCase("mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)", "MariaDB", "10.11.6")]
    [TestCase("/usr/sbin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", "MySQL", "9.7.4")]
    public void Version_NamesFamilyAndVersion(string output, string family, string version)
    {
        var binary = EngineBinary.Parse("/x", output);
        Assert.That(binary.FamilyName, Is.EqualTo(family));
        Assert.That(binary.Version.ToString(), Is.EqualTo(version));
    }

    [Test]
    public void Version_OfSomethingElse_IsRefusedWithWhatItSaid() =>
        Assert.That(() => EngineBinary.Parse("/bin/true", "hello"), Throws.InstanceOf<ComputeException>().With.Message.Contains("it said: hello"));

    [Test]
    public async Task Engine_NotThere_NamesTheDebianPackage() =>
        await Assert.ThatAsync(() => EngineBinary.FindAsync("/nowhere/mysqld", CancellationToken.None), Throws.InstanceOf<ComputeException>().With.Message.Contains("mariadb-server-core"));

    [TestCase("--datadir=/x")]
    [TestCase("--SOCKET=/x")]
    [TestCase("--loose-init_file=/x")]
    [TestCase("datadir=/x")]
    public void EngineArgument_ThatIsOurs_IsRefused(string argument) =>
        Assert.That(() => EngineArguments.Verify([argument]), Throws.InstanceOf<ComputeException>().With.Message.Contains(argument));

    [Test]
    public void EngineArgument_OfTheUsers_IsTaken() => Assert.That(() => EngineArguments.Verify(["--innodb-flush-method=fsync", "--sql_mode="]), Throws.Nothing);

    [Test]
    public void FirstAccount_NotNamed_HasARandomPassword()
    {
        var options = new LocalComputeOptions { Name = "x", Directory = "/x" };
        Assert.That(FirstAccountFile.From(options).Password, Has.Length.EqualTo(32).And.Not.EqualTo(FirstAccountFile.From(options).Password));
    }

    [TestCase("", "x")]
    [TestCase("serverless_gateway", "x")]
    [TestCase("a\nb", "x")]
    [TestCase("app", "")]
    [TestCase("app", "x\n")]
    public void FirstAccount_ThatCannotBe_IsRefused(string user, string password) =>
        Assert.That(() => FirstAccountFile.From(new LocalComputeOptions { Name = "x", Directory = "/x", FirstAccountUser = user, FirstAccountPassword = password }), Throws.InstanceOf<ComputeException>());

    [TestCase("""{"access":1,"plugin":"mysql_native_password","authentication_string":"*AB"}""", "mysql_native_password", "*AB")]
    [TestCase("""{"plugin":"mysql_native_password","authentication_string":"invalid","auth_or":[{},{"plugin":"unix_socket"}]}""", "mysql_native_password", "invalid")]
    [TestCase("""{"plugin":"unix_socket","auth_or":[{},{"plugin":"mysql_native_password","authentication_string":"*CD"}]}""", "mysql_native_password", "*CD")]
    [TestCase("""{"plugin":"unix_socket"}""", "unix_socket", "")]
    [TestCase("{}", "mysql_native_password", "")]
    public void MariaDbAccount_TheWayToLogInIsTheOneThatWorksWithoutTheEngine(string json, string plugin, string secret)
    {
        var account = MariaDbAccount.Parse("u", "%", json, DateTimeOffset.UnixEpoch, 0);
        Assert.That(account, Has.Property("Plugin").EqualTo(plugin).And.Property("AuthenticationString").EqualTo(secret));
    }

    [TestCase("""{"is_role":true}""")]
    [TestCase("not json")]
    [TestCase("[]")]
    public void MariaDbAccount_ARoleOrNonsense_IsNone(string json) =>
        Assert.That(MariaDbAccount.Parse("u", "%", json, DateTimeOffset.UnixEpoch, 0), Is.Null);

    [TestCase("""{"password_last_changed":0}""", 0, true)]
    [TestCase("""{"password_last_changed":86400,"password_lifetime":2}""", 0, true)]
    [TestCase("""{"password_last_changed":86400,"password_lifetime":10}""", 0, false)]
    [TestCase("""{"password_last_changed":86400,"password_lifetime":0}""", 2, false)]
    [TestCase("""{"password_last_changed":86400}""", 2, true)]
    [TestCase("""{"password_last_changed":86400}""", 0, false)]
    public void MariaDbAccount_PasswordsAge(string json, int defaultDays, bool expired) =>
        Assert.That(MariaDbAccount.Parse("u", "%", json, DateTimeOffset.UnixEpoch.AddDays(4), defaultDays)!.PasswordExpired, Is.EqualTo(expired));

    [Test]
    public void Processes_OursAndTheEnginesOwnAreNoWork() => Assert.That(ForeignWork.Describe(Processes(
        ["1", "system user", "", "Daemon", "0", "InnoDB purge worker", null],
        ["2", "event_scheduler", "localhost", "Daemon", "0", "Waiting on empty queue", null],
        ["3", "serverless_gateway", "localhost", "Query", "0", "init", "SHOW FULL PROCESSLIST"])), Is.Null);

    [Test]
    public void Processes_TheOneThatRunsIsNamedAndTheOthersCounted() => Assert.That(
        ForeignWork.Describe(Processes(
            ["4", "idle", "10.0.0.1:99", "Sleep", "5", "", null],
            ["12", "app", "10.0.0.2:1234", "Query", "30", "executing", "UPDATE t\nSET a = 1"])),
        Is.EqualTo("connection 12 of app@10.0.0.2 runs \"UPDATE t SET a = 1\" for 30 s, and 1 more connections that did not come through the gateway"));

    [Test]
    public void Processes_AReplicaIsCalledOne() => Assert.That(
        ForeignWork.Describe(Processes(["4", "repl", "10.0.0.1:99", "Binlog Dump GTID", "5", "waiting", null])),
        Is.EqualTo("connection 4 of repl@10.0.0.1 is a replica that reads the binary log"));

    [Test]
    public void Stat_TheProgramsNameMayHoldAnything()
    {
        var stat = ProcFiles.ParseStat("7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 4242 1000 10 18446744073709551615");
        Assert.That(stat, Is.EqualTo(new ProcFiles.Stat('S', 42, 4242)));
    }

    [Test]
    public void ControlGroups_Version1AreFoundByController()
    {
        var location = ControlGroupLocation.Parse(
            ["32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct", "35 31 0:32 /docker/x /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"],
            ["4:memory:/docker/x/y", "1:cpu,cpuacct:/"]);
        Assert.That(location, Is.EqualTo(new ControlGroupLocation(Unified: null, "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/memory/y")));
    }

    [Test]
    public void ControlGroups_Version2AreOneHierarchy()
    {
        var location = ControlGroupLocation.Parse(["29 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"], ["0::/system.slice/gateway.service"]);
        Assert.That(location, Is.EqualTo(new ControlGroupLocation("/sys/fs/cgroup/system.slice/gateway.service", Cpu: null, Memory: null)));
    }

    [TestCase(ServerFamily.MariaDb, 2048, 1168)]
    [TestCase(ServerFamily.MariaDb, 64, 16)]
    [TestCase(ServerFamily.MySql, 2048, 896)]
    [TestCase(ServerFamily.MySql, 256, 32)]
    public void BufferPool_IsMostOfWhatTheEngineDoesNotNeedItself(ServerFamily family, long memoryMiB, long poolMiB) =>
        Assert.That(MemoryPlan.BufferPool(family, memoryMiB << 20, capacityBytes: 24L << 30) >> 20, Is.EqualTo(poolMiB));

    [Test]
    public async Task Log_IsTurnedOverWhileItIsWrittenTo()
    {
        using var directory = new TemporaryDirectory();
        var log = new EngineLog(directory["engine.log"]);
        await File.WriteAllBytesAsync(log.Path, new byte[17 << 20]);
        log.Bound();
        Assert.That(log.Length, Is.Zero);
        Assert.That(new FileInfo(log.Path + ".1").Length, Is.EqualTo(17 << 20));
    }

    [Test]
    public async Task Log_ExplainsByTheErrorsOfThisRun()
    {
        using var directory = new TemporaryDirectory();
        var log = new EngineLog(directory["engine.log"]);
        await File.WriteAllTextAsync(log.Path, "1 [ERROR] long ago\n");
        var since = log.Length;
        await File.AppendAllTextAsync(log.Path, "2 [Note] starting\n3 [ERROR] no space\n4 [Note] bye\n");
        Assert.That(log.Explain(since), Does.EndWith("says: 3 [ERROR] no space"));
    }

    private static QueryResult Processes(params string?[][] rows) =>
        new(["Id", "User", "Host", "Command", "Time", "State", "Info"], rows, 0, 0, 0, default, "");
}
