using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>Whatever bytes come, a reader either reads them or says that they are malformed.</summary>
public sealed class GarbageTests
{
    private const Capabilities Common = EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase;

    private delegate void Read(ReadOnlySpan<byte> payload, Capabilities capabilities);

    private static readonly (string Name, Read Read, byte[] Valid)[] Readers =
    [
        ("handshake", (p, _) => HandshakeV10.Read(p), Payload.Of(new HandshakeV10("11.4", 7, Nonce.Create(), Common, 45, ServerStatus.AutoCommit, AuthPlugins.NativePassword))),
        ("handshake response", (p, c) => HandshakeResponse41.Read(p, c),
            Payload.Of(new HandshakeResponse41(Common, 1 << 24, 45, "user", new byte[20], "db", AuthPlugins.NativePassword, [new("name", "value"), new("n", "v")]))),
        ("TLS request", (p, _) => TlsRequest.Read(p), Payload.Of(new TlsRequest(Common, 1 << 24, 45))),
        ("auth switch", (p, _) => AuthSwitchRequest.Read(p), Payload.Of(new AuthSwitchRequest(AuthPlugins.CachingSha2, Nonce.Create()))),
        ("auth data", (p, _) => AuthMoreData.Read(p), [1, 3]),
        ("OK", (p, c) => Track(OkPacket.Read(p, c)), Payload.Of(new OkPacket { AffectedRows = 1000, Info = "hi"u8, SessionState = [0, 4, 1, 97, 1, 49, 1, 2, 1, 97] })),
        ("session state", (p, _) => Track(p), [0, 4, 1, 97, 1, 49, 1, 2, 1, 97, 3, 4, 0, 2, 97, 97, 5, 9, 8, 95, 95, 95, 95, 95, 95, 95, 95]),
        ("EOF", (p, _) => EofPacket.Read(p), Payload.Of(new EofPacket(1, ServerStatus.AutoCommit))),
        ("error", (p, _) => ErrPacket.Read(p), Payload.Of(new ErrPacket(1045, "no"))),
        ("column", (p, c) => ColumnDefinition41.Read(p, c), Payload.Of(ColumnDefinition41.Text("name"))),
        ("result set", (p, c) => ResultSetHeader.Read(p, c), [3]),
        ("row", (p, _) => TextRow.Read(p, 3), [1, 49, 0xfb, 2, 50, 50]),
        ("change user", (p, c) => ChangeUser.Read(p, c), Payload.Of(new ChangeUser("user", new byte[20], "db", 45, AuthPlugins.NativePassword, [new("a", "b")]))),
        ("prepared", (p, c) => StmtPrepareOk.Read(p, c), [0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0]),
        ("execution", (p, c) => StmtExecute.Read(p, 3, c), Payload.Hex("17 01 00 00 00 08 01 00 00 00 02 00 01 03 00 00 fe 00 01 6e 2a 00 00 00 01 76")),
        ("query", (p, c) => QueryText.FindStart(p, c), Payload.Hex("03 03 01 02 01 fe 00 01 61 fe 00 01 62 0a 00 01 63 01 76 04 da 07 0a 11 53")),
    ];

    private static IEnumerable<TestCaseData> Cases() => Readers.Select(reader => new TestCaseData(reader.Name).SetArgDisplayNames(reader.Name));

    [TestCaseSource(nameof(Cases))]
    public void Read_RandomBytes_IsReadOrMalformed(string name)
    {
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            TryRead(name, bytes, (Capabilities)random.NextInt64());
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Read_ValidPacketWithBytesChangedOrCutOff_IsReadOrMalformed(string name)
    {
        var random = new Random(2);
        var valid = Readers.Single(reader => reader.Name == name).Valid;
        TryRead(name, valid, Common);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = valid[..random.Next(valid.Length + 1)];
            for (var change = random.Next(4); change > 0 && bytes.Length > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            TryRead(name, bytes, random.Next(2) == 0 ? Common : (Capabilities)random.NextInt64());
        }
    }

    private static void TryRead(string name, byte[] bytes, Capabilities capabilities)
    {
        try
        {
            Readers.Single(reader => reader.Name == name).Read(bytes, capabilities);
        }
        catch (MalformedPacketException)
        {
            // This is what garbage is.
        }
        catch (Exception failure)
        {
            Assert.Fail($"{Convert.ToHexString(bytes)} with {capabilities}: {failure}");
        }
    }

    private static void Track(OkPacket ok) => Track(ok.SessionState);

    private static void Track(ReadOnlySpan<byte> state)
    {
        var reader = new SessionTrackReader(state);
        while (reader.Next())
        {
        }
    }
}
