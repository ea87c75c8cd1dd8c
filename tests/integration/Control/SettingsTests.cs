using System.Collections;
using Microsoft.Extensions.Configuration;
using Serverless.Host.Control.Settings;

namespace Serverless.Tests.Integration.Control;

/// <summary>What the host is told is taken exactly, or refused with what was meant.</summary>
public sealed class SettingsTests
{
    [Test]
    public void NothingSaid_IsTheDefault()
    {
        HostSettings settings = Read("{}");
        Assert.Multiple(() =>
        {
            Assert.That(settings.Databases.Single().Name, Is.EqualTo("default"));
            Assert.That(settings.Databases.Single().Listen.ToString(), Is.EqualTo("127.0.0.1:3306"));
            Assert.That(settings.Admin.Listen.ToString(), Is.EqualTo("127.0.0.1:8306"));
        });
    }

    [Test]
    public void Flags_WinOverEnvironmentOverFile()
    {
        var environment = new Dictionary<string, string> { ["SERVERLESS_ADMIN__LISTEN"] = "127.0.0.1:2", ["SERVERLESS_DATA"] = "/from/environment" };
        HostSettings settings = Read("""{ "admin": { "listen": "127.0.0.1:1" }, "data": "/from/file", "user": "filed" }""", environment, new() { ["data"] = "/from/flag" });
        Assert.Multiple(() =>
        {
            Assert.That(settings.Admin.Listen.Port, Is.EqualTo(2));
            Assert.That(settings.Data, Is.EqualTo("/from/flag"));
            Assert.That(settings.Databases[0].User, Is.EqualTo("filed"));
        });
    }

    [Test]
    public void Answers_AreThoseOfTheDatabase_OrOfTheTop()
    {
        HostSettings settings = Read("""
            { "answers": [ { "statement": "DO 1" } ],
              "databases": [ { "name": "a", "listen": "127.0.0.1:1" }, { "name": "b", "listen": "127.0.0.1:2", "answers": [ { "statement": "DO 2" } ] },
                { "name": "c", "listen": "127.0.0.1:3", "answers": [] } ] }
            """);
        Assert.Multiple(() =>
        {
            Assert.That(settings.Databases[0].Answers.Find("DO 1"u8), Is.Not.Null);
            Assert.That(settings.Databases[1].Answers.Find("DO 1"u8), Is.Null);
            Assert.That(settings.Databases[1].Answers.Find(" DO 2;\n"u8), Is.Not.Null);
            Assert.That(settings.Databases[1].Answers.Find("do 2"u8), Is.Null, "the exact text");
            Assert.That(settings.Databases[2].Answers.Find("DO 1"u8), Is.Null, "none at all");
            Assert.That(Read("""{ "answers": [ { "statement": "SHOW STATUS", "columns": ["a", "b"], "rows": [[1, null], ["x", ""]] } ] }""").Databases[0].Answers.Find("SHOW STATUS"u8), Is.Not.Null);
        });
    }

    [Test]
    public void Databases_MayShareAnAddress_WhenSomethingLeadsToEach()
    {
        HostSettings settings = Read("""
            { "listen": "127.0.0.1:1", "greeting": { "version": "8.4.0" }, "proxyProtocol": { "from": ["10.0.0.0/8", "::1"] },
              "databases": [ { "name": "a", "default": true }, { "name": "b", "userPrefix": "b", "sni": ["b.*"], "schemas": ["b%"] }, { "name": "c", "listen": "127.0.0.1:2" } ] }
            """);
        Assert.Multiple(() =>
        {
            Assert.That(settings.Databases[0].Names.IsDefault);
            Assert.That((settings.Databases[1].Names.UserPrefix, settings.Databases[1].Names.Hosts.Single(), settings.Databases[1].Names.Schemas.Single()), Is.EqualTo(("b", "b.*", "b%")));
            Assert.That(settings.Listener.GreetingVersion, Is.EqualTo("8.4.0"));
            Assert.That(settings.Listener.Proxies, Has.Count.EqualTo(2));
        });
    }

    [TestCase("::ffff:10.0.0.7", "10.0.0.7/32")]
    [TestCase("::ffff:10.0.0.0/104", "10.0.0.0/8")]
    [TestCase("10.0.0.7", "10.0.0.7/32")]
    [TestCase("fd00::/8", "fd00::/8")]
    public void Proxies_OfIPv4WrittenAsIPv6_AreThoseOfIPv4(string written, string meant)
    {
        HostSettings settings = Read($$"""{ "proxyProtocol": { "from": ["{{written}}"] } }""");
        Assert.That(settings.Listener.Proxies.Single().ToString(), Is.EqualTo(meant));
    }

    [Test]
    public void Sharing_AndItsUsers_AreTakenFromAboveToo()
    {
        HostSettings settings = Read("""
            { "sharing": { "after": "5s", "users": { "report": "off" } }, "debug": { "detach": "statement" },
              "databases": [ { "name": "a", "listen": "127.0.0.1:1" }, { "name": "b", "listen": "127.0.0.1:2", "sharing": { "mode": "off", "users": { "web": "on" } } } ] }
            """);
        Assert.Multiple(() =>
        {
            Assert.That(settings.Databases[0].Sharing.On, Is.True);
            Assert.That(settings.Databases[0].Debug.Detach, Is.EqualTo(ForcedDetach.Statement));
            Assert.That(settings.Databases[1].Sharing.On, Is.False);
            Assert.That(settings.Databases[1].Sharing.After, Is.EqualTo(TimeSpan.FromSeconds(5)));
            Assert.That(settings.Databases[1].Sharing.Users, Is.EquivalentTo(new Dictionary<string, bool> { ["report"] = false, ["web"] = true }));
        });
    }

    [Test]
    public void Databases_TakeFromAboveWhatTheyDoNotSay()
    {
        HostSettings settings = Read("""
            { "user": "above", "limits": { "heldFor": "5s" },
              "databases": [ { "name": "a", "listen": "127.0.0.1:1" }, { "name": "b", "listen": "127.0.0.1:2", "user": "own", "limits": { "connections": 7 } } ] }
            """);
        Assert.Multiple(() =>
        {
            Assert.That(settings.Databases[0].User, Is.EqualTo("above"));
            Assert.That(settings.Databases[1].User, Is.EqualTo("own"));
            Assert.That(settings.Databases[1].Limits.HeldFor, Is.EqualTo(TimeSpan.FromSeconds(5)));
            Assert.That(settings.Databases[1].Limits.Connections, Is.EqualTo(7));
        });
    }

    /// <summary>A server that somebody else runs may let its administrator in without one; a password nobody chose is no such thing.</summary>
    [Test]
    public void EmptyPassword_IsOneThatWasGiven()
    {
        const string external = """ "compute": "external", "backend": "127.0.0.1:1", "user": "root" """;
        Assert.Multiple(() =>
        {
            Assert.That(Read($$"""{ {{external}}, "password": "" }""").Databases[0].Password, Is.Empty);
            Assert.That(() => Read($$"""{ {{external}} }"""), Throws.TypeOf<SettingsException>().With.Message.Contains("`password`"));
        });
    }

    [TestCase("""{ "databses": [] }""", "databses", "databases")]
    [TestCase("""{ "databases": [ { "name": "a", "polcy": "x" } ] }""", "databases:0:polcy", "policy")]
    [TestCase("""{ "limits": { "heldFro": "5s" } }""", "limits:heldFro", "heldFor")]
    public void UnknownKey_IsNamedWithTheNearestKnownOne(string json, string key, string near) =>
        Assert.That(() => Read(json), Throws.TypeOf<SettingsException>().With.Message.Contains($"`{key}`").And.Message.Contains($"`{near}`"));

    [TestCase("""{ "databases": "all" }""", "databases", "a list")]
    [TestCase("""{ "log": { "levels": "debug" } }""", "log:levels", "a section")]
    [TestCase("""{ "listen": "0.0.0.0:7", "admin": { "listen": "127.0.0.1:7" } }""", "port 7", "an address of its own")]
    [TestCase("""{ "listen": "*:7", "admin": { "listen": "[::1]:7" } }""", "port 7", "an address of its own")]
    [TestCase("""{ "databases": [ { "name": "a", "userPrefix": "a" }, { "name": "b" } ] }""", "`b` shares 127.0.0.1:3306", "nothing leads to it")]
    [TestCase("""{ "databases": [ { "name": "a", "default": true }, { "name": "b", "default": true } ] }""", "`a` and `b`", "only one can be")]
    [TestCase("""{ "databases": [ { "name": "a", "userPrefix": "x" }, { "name": "b", "userPrefix": "x" } ] }""", "same `userPrefix`, `x`", "one of them only")]
    [TestCase("""{ "databases": [ { "name": "a", "sni": ["x.y"] }, { "name": "b", "sni": ["X.Y"] } ] }""", "same `sni`, `x.y`", "one of them only")]
    [TestCase("""{ "databases": [ { "name": "a", "schemas": ["x%"] }, { "name": "b", "schemas": ["x%"] } ] }""", "same `schemas`, `x%`", "one of them only")]
    [TestCase("""{ "userPrefix": "a.b" }""", "userPrefix", "letters")]
    [TestCase("""{ "sni": ["a*b"] }""", "sni", "a*b")]
    [TestCase("""{ "userPrefix": "x", "databases": [ { "name": "a" } ] }""", "databases", "belong into each of them")]
    [TestCase("""{ "proxyProtocol": { "from": ["10.0.0.1/99"] } }""", "proxyProtocol:from", "10.0.0.0/8")]
    [TestCase("""{ "proxyProtocol": { "from": ["10"] } }""", "proxyProtocol:from", "10.0.0.0/8")]
    [TestCase("""{ "proxyProtocol": { "from": [{ "a": "10.0.0.7" }] } }""", "proxyProtocol:from", "10.0.0.0/8")]
    [TestCase("""{ "proxyProtocol": { "from": "10.0.0.7" } }""", "proxyProtocol:from", "a list")]
    [TestCase("""{ "greeting": { "version": "a b" } }""", "greeting:version", "8.4.0")]
    [TestCase("""{ "listen": "nowhere" }""", "listen", "HOST:PORT")]
    [TestCase("""{ "listen": "127.0.0.1:99999" }""", "listen", "HOST:PORT")]
    [TestCase("""{ "shadow": "perhaps" }""", "shadow", "true or false")]
    [TestCase("""{ "limits": { "heldFor": "5 parsecs" } }""", "limits:heldFor", "a duration like 30s")]
    [TestCase("""{ "limits": { "heldBytes": "12" } }""", "limits:heldBytes", "an amount like 64MiB")]
    [TestCase("""{ "limits": { "heldBytes": "12B" } }""", "limits:heldBytes", "from 1MiB to 1024TiB")]
    [TestCase("""{ "limits": { "auditBytes": "8000000TiB" } }""", "limits:auditBytes", "from 1MiB to 1024TiB")]
    [TestCase("""{ "engine": { "silentFor": "5ms" } }""", "engine:silentFor", "from 1s to 24d")]
    [TestCase("""{ "limits": { "drainFor": "60d" } }""", "limits:drainFor", "from 1ms to 24d")]
    [TestCase("""{ "sharing": { "keepFor": "999999999999d" } }""", "sharing:keepFor", "to 24d")]
    [TestCase("""{ "answers": [ { "columns": ["a"] } ] }""", "answers:0:statement", "an answer needs the statement")]
    [TestCase("""{ "answers": [ { "statement": " ; " } ] }""", "answers:0:statement", "1 to 1024 bytes expected, one of 0 found")]
    [TestCase("""{ "answers": [ { "statement": "SELECT 'é'", "columns": ["a"] } ] }""", "answers:0:statement", "only ASCII expected")]
    [TestCase("""{ "answers": [ { "statement": "SELECT 1", "columns": ["a"], "rows": [["é"]] } ] }""", "answers:0:statement", "only ASCII expected")]
    [TestCase("""{ "answers": [ { "statement": "UPDATE t SET a = 1" } ] }""", "answers:0:statement", "one SELECT, SHOW or DO expected that changes nothing, and asks nothing of its session, since it is not run; this is `Update (None)`")]
    [TestCase("""{ "answers": [ { "statement": "SELECT @a := 1", "columns": ["a"] } ] }""", "answers:0:statement", "AssignsUserVariables")]
    [TestCase("""{ "answers": [ { "statement": "SELECT GET_LOCK('a', 1)", "columns": ["a"] } ] }""", "answers:0:statement", "TakesUserLock")]
    [TestCase("""{ "answers": [ { "statement": "SELECT 1; DROP TABLE t", "columns": ["a"] } ] }""", "answers:0:statement", "MultiStatement")]
    [TestCase("""{ "answers": [ { "statement": "SELECT 1" } ] }""", "answers:0:statement", "the names of the result's columns expected, none found")]
    [TestCase("""{ "answers": [ { "statement": "DO 1", "columns": ["a"] } ] }""", "answers:0:statement", "no columns expected, DO has no result")]
    [TestCase("""{ "answers": [ { "statement": "DO 1", "rows": [["a"]] } ] }""", "answers:0:statement", "no rows expected")]
    [TestCase("""{ "answers": [ { "statement": "SELECT 1", "columns": ["a", "b"], "rows": [[1, 2], [3]] } ] }""", "answers:0:statement", "rows of 2 values expected, one for each column, one of 1 found")]
    [TestCase("""{ "answers": [ { "statement": "DO 1" }, { "statement": "DO 1;" } ] }""", "answers", "expected each statement once, found `DO 1` 2 times")]
    [TestCase("""{ "answers": [ { "statement": "DO 1", "column": [] } ] }""", "answers:0:column", "columns")]
    [TestCase("""{ "answers": [ { "statement": "SHOW WARNINGS", "columns": ["Level", "Code", "Message"] } ] }""", "answers:0:statement", "ReadsDiagnostics")]
    [TestCase("""{ "answers": [ { "statement": "SHOW FULL PROCESSLIST", "columns": ["Id"] } ] }""", "answers:0:statement", "expected a statement that the gateway does not answer itself")]
    [TestCase("""{ "answers": [ { "statement": "SHOW SERVERLESS STATUS", "columns": ["Name"] } ] }""", "answers:0:statement", "expected")]
    [TestCase("""{ "answers": [ { "statement": "SELECT 1", "columns": ["a"], "rows": [[[1]]] } ] }""", "answers:0:rows", "expected values in its lists, found a section")]
    [TestCase("""{ "answers": "SELECT 1" }""", "answers", "expected a list, found `SELECT 1`")]
    [TestCase("""{ "limits": { "connections": 0 } }""", "limits:connections", "from 1 to")]
    [TestCase("""{ "compute": "locla" }""", "compute", "did you mean `local`")]
    [TestCase("""{ "databases": [ { "name": "a b" } ] }""", "databases:0:name", "letters, digits")]
    [TestCase("""{ "log": { "level": "loud" } }""", "log:level", "warning")]
    [TestCase("""{ "admin": { "listen": "0.0.0.0:8306" } }""", "admin:listen", "token")]
    [TestCase("""{ "databases": [ { "name": "a" }, { "name": "A", "listen": "127.0.0.1:1" } ] }""", "databases", "each needs a name of its own")]
    [TestCase("""{ "databases": [ { "name": "a" }, { "name": "b" } ] }""", "127.0.0.1:3306", "nothing leads to it")]
    [TestCase("""{ "compute": "kubernetes" }""", "database `default` is a StatefulSet", "`kubernetes:statefulSet`")]
    [TestCase("""{ "kubernetes": { "statefulSet": "My_DB" } }""", "kubernetes:statefulSet", "`My_DB`")]
    [TestCase("""{ "kubernetes": { "statefulset": "db", "nameSpace": "x", "storge": "trusted" } }""", "kubernetes:storge", "`storage`")]
    [TestCase("""{ "kubernetes": { "loggers": ["a"] } }""", "kubernetes:loggers", "say `kubernetes:engine: wesql` too")]
    [TestCase("""{ "kubernetes": { "engine": "wesql", "loggers": ["A B"] } }""", "kubernetes:loggers", "found `A B`")]
    [TestCase("""{ "kubernetes": { "engine": "wesql", "statefulSet": "a", "loggers": ["a"] } }""", "kubernetes:loggers", "each StatefulSet once")]
    [TestCase("""{ "kubernetes": { "engine": "wesqll" } }""", "kubernetes:engine", "did you mean `wesql`")]
    [TestCase("""{ "kubernetes": { "snapshotFor": "5m" } }""", "kubernetes:snapshotFor", "at most 60s")]
    [TestCase("""{ "kubernetes": { "snapshot": "always" } }""", "kubernetes:snapshot", "tried, required, off")]
    [TestCase("""{ "kubernetes": { "proxyProtocol": "v2" } }""", "kubernetes:proxyProtocol", "on, off")]
    [TestCase("""{ "kubernetes": { "nodeCapacity": "yes" } }""", "kubernetes:nodeCapacity", "on, off")]
    [TestCase("""{ "compute": "kubernetes", "password": "x", "kubernetes": { "engine": "wesql" }, "databases": [ { "name": "a", "userPrefix": "a", "kubernetes": { "statefulSet": "a", "loggers": ["b"] } }, { "name": "b", "userPrefix": "b", "kubernetes": { "statefulSet": "b" } } ] }""", "StatefulSet `b`", "part of the databases `a` and `b`")]
    [TestCase("""{ "compute": "external" }""", "database `default` is external", "`backend`")]
    [TestCase("""{ "admin": "127.0.0.1:1" }""", "admin", "expected a section")]
    public void WrongValue_IsNamedWithWhatWasExpected(string json, string key, string expected) =>
        Assert.That(() => Read(json), Throws.TypeOf<SettingsException>().With.Message.Contains(key).And.Message.Contains(expected));

    [Test]
    public void WesqlCluster_IsReadFromTheDatabase_AndWhatItLeavesOutFromTheTop()
    {
        Serverless.Host.Control.Settings.KubernetesSettings found = Read("""
            { "compute": "kubernetes", "password": "x", "kubernetes": { "snapshot": "required", "snapshotFor": "45s" },
              "databases": [ { "name": "a", "kubernetes": { "engine": "wesql", "statefulSet": "a", "loggers": ["b", "c"], "proxyProtocol": "on", "nodeCapacity": "on" } } ] }
            """).Databases.Single().Kubernetes;
        Assert.That((found.IsWesql, found.Snapshot, found.SnapshotFor, found.ProxyProtocol, found.NodeCapacity),
            Is.EqualTo((true, Serverless.Host.Compute.Kubernetes.Wesql.SnapshotMode.Required, TimeSpan.FromSeconds(45), true, true)));
        Assert.That(found.Loggers, Is.EqualTo(new[] { "b", "c" }));
    }

    [Test]
    public void AllErrors_AreToldAtOnce() =>
        Assert.That(() => Read("""{ "lisen": "x", "shadow": "perhaps" }"""), Throws.TypeOf<SettingsException>().With.Message.Contains("lisen").And.Message.Contains("shadow"));

    [Test]
    public void TokenFromTheEnvironment_OpensTheAdminAddress() =>
        Assert.That(
            Read("""{ "admin": { "listen": "0.0.0.0:8306" } }""", new Dictionary<string, string> { ["SERVERLESS_ADMIN__TOKEN"] = "secret" }).Admin.Token, Is.EqualTo("secret"));

    [Test]
    public void VariablesOfKubernetesAndTests_AreNoKeys()
    {
        var environment = new Dictionary<string, string>
        {
            ["SERVERLESS_PORT_3306_TCP_ADDR"] = "10.0.0.1",
            ["SERVERLESS_SERVICE_HOST"] = "10.0.0.1",
            ["SERVERLESS_TEST_MYSQLD"] = "/usr/sbin/mysqld",
        };
        Assert.That(() => Read("{}", environment), Throws.Nothing);
    }

    [TestCase("{ \"listen\": ")]
    [TestCase("[]")]
    public void FileThatIsNoJsonObject_IsNamed(string json)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, json);
        try
        {
            Assert.That(
                () => HostConfiguration.Compose(file, new Hashtable(), _ => []), Throws.TypeOf<SettingsException>().With.Message.Contains(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void FileThatIsNotThere_IsNamed() =>
        Assert.That(() => HostConfiguration.Compose("/no/such.json", new Hashtable(), _ => []), Throws.TypeOf<SettingsException>().With.Message.Contains("/no/such.json"));

    private static HostSettings Read(string json, IDictionary? environment = null, Dictionary<string, string?>? flags = null)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, json);
        try
        {
            IConfiguration configuration = HostConfiguration.Compose(file, environment ?? new Hashtable(), _ => flags ?? []);
            return HostSettingsReader.Read(configuration);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
