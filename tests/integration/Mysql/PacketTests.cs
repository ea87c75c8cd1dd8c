using System.Net;
using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

/// <summary>Packets against bytes as servers and clients send them, and against their own writers.</summary>
public sealed class PacketTests
{
    /// <summary>Greeting of MySQL 5.5.2, from the protocol documentation.</summary>
    private const string DocumentedGreeting =
        "0a 35 2e 35 2e 32 2d 6d 32 00 0b 00 00 00 64 76 48 40 49 2d 43 4a 00 ff f7 08 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 2a 34 64 7c 63 5a 77 6b 34 5e 5d 3a 00";

    /// <summary>Handshake response of a 5.5 client, from the protocol documentation.</summary>
    private const string DocumentedResponse =
        "8d a6 0f 00 00 00 00 01 08 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 70 61 6d 00 14 ab 09 ee f6 bc b1 32 3e 61 14 38 65 c0 99 1d 95 7d 75 d4 47 74 65 73 74 00 6d 79 73 71 6c 5f 6e 61 74 69 76 65 5f 70 61 73 73 77 6f 72 64 00";

    [Test]
    public void HandshakeV10_Documented_IsUnderstood()
    {
        var greeting = HandshakeV10.Read(Payload.Hex(DocumentedGreeting));
        Assert.That((greeting.ServerVersion, greeting.ConnectionId, greeting.CollationId, greeting.Status, greeting.AuthPlugin),
            Is.EqualTo(("5.5.2-m2", 11u, (byte)8, ServerStatus.AutoCommit, (string?)null)));
        Assert.That(greeting.Nonce.ToArray(), Is.EqualTo("dvH@I-CJ*4d|cZwk4^]:"u8.ToArray()));
    }

    [TestCase(EngineLogin.DefaultCapabilities)]
    [TestCase((EngineLogin.DefaultCapabilities & ~Capabilities.LongPassword) | Capabilities.MariaDbExtendedMetadata | Capabilities.MariaDbProgress)]
    [TestCase(EngineLogin.DefaultCapabilities & ~Capabilities.PluginAuth)]
    public void HandshakeV10_WrittenAndRead_IsTheSame(Capabilities capabilities)
    {
        var plugin = capabilities.HasFlag(Capabilities.PluginAuth) ? AuthPlugins.CachingSha2 : null;
        var greeting = new HandshakeV10("11.4.2-MariaDB", 77, Nonce.Create(), capabilities, 45, ServerStatus.AutoCommit, plugin);
        var read = HandshakeV10.Read(Payload.Of(greeting));
        Assert.That(read with { Nonce = greeting.Nonce }, Is.EqualTo(greeting));
        Assert.That(read.Nonce.ToArray(), Is.EqualTo(greeting.Nonce.ToArray()));
    }

    [Test]
    public void HandshakeResponse41_Documented_IsUnderstood()
    {
        var response = HandshakeResponse41.Read(Payload.Hex(DocumentedResponse), EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase);
        Assert.That((response.User, response.Database, response.AuthPlugin, response.CollationId, response.AuthResponse.Length),
            Is.EqualTo(("pam", "test", AuthPlugins.NativePassword, (byte)8, 20)));
    }

    [TestCase(EngineLogin.DefaultCapabilities | Capabilities.ConnectWithDatabase)]
    [TestCase((EngineLogin.DefaultCapabilities & ~Capabilities.LongPassword) | Capabilities.ConnectWithDatabase | Capabilities.MariaDbBulkOperations)]
    [TestCase((EngineLogin.DefaultCapabilities & ~Capabilities.PluginAuthLengthEncoded) | Capabilities.ConnectWithDatabase | Capabilities.ZstdCompression)]
    public void HandshakeResponse41_WrittenAndRead_IsTheSame(Capabilities capabilities)
    {
        KeyValuePair<string, string>[] attributes = [new("_client_name", "test"), new("prøgram", new string('x', 300))];
        var zstd = capabilities.HasFlag(Capabilities.ZstdCompression) ? (byte)7 : (byte)0;
        var response = new HandshakeResponse41(capabilities, 1 << 24, 45, "müller", new byte[] { 1, 2, 3 }, "shop", AuthPlugins.CachingSha2, attributes, zstd);
        var read = HandshakeResponse41.Read(Payload.Of(response), capabilities);
        Assert.That(read with { AuthResponse = response.AuthResponse, Attributes = attributes }, Is.EqualTo(response));
        Assert.That(read.AuthResponse.ToArray(), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(read.Attributes, Is.EqualTo(attributes));
    }

    [Test]
    public void HandshakeResponse41_OfTheProtocolBefore41_SaysSo() =>
        Assert.That(
            () => HandshakeResponse41.Read(new byte[40], EngineLogin.DefaultCapabilities),
            Throws.TypeOf<MalformedPacketException>().With.Message.Contains("protocol 4.1"));

    [Test]
    public void TlsRequest_BesideAHandshakeResponse_IsToldApart()
    {
        var request = Payload.Of(new TlsRequest(EngineLogin.DefaultCapabilities | Capabilities.Tls, 1 << 24, 45));
        Assert.That((TlsRequest.IsOne(request), TlsRequest.IsOne(Payload.Hex(DocumentedResponse))), Is.EqualTo((true, false)));
        Assert.That(TlsRequest.Read(request).Capabilities, Is.EqualTo(EngineLogin.DefaultCapabilities | Capabilities.Tls));
    }

    [Test]
    public void AuthSwitchRequest_WrittenAndRead_IsTheSame()
    {
        var nonce = Nonce.Create();
        var read = AuthSwitchRequest.Read(Payload.Of(new AuthSwitchRequest(AuthPlugins.NativePassword, nonce)));
        Assert.That(read.Plugin, Is.EqualTo(AuthPlugins.NativePassword));
        Assert.That(read.Data.ToArray(), Is.EqualTo(nonce));
    }

    [Test]
    public void OkPacket_WithSessionState_GivesEachChange()
    {
        // Of a MySQL server: SET autocommit = OFF, then USE test; both in one packet here.
        var state = Payload.Hex("00 0f 0a 6175746f636f6d6d6974 03 4f4646 01 05 04 74657374 02 02 01 31 7f 01 aa");
        var bytes = Payload.Of(new OkPacket { AffectedRows = 300, LastInsertId = 1, Status = ServerStatus.AutoCommit, Warnings = 2, Info = "hi"u8, SessionState = state });
        var ok = OkPacket.Read(bytes, Capabilities.SessionTrack);
        Assert.That((ok.AffectedRows, ok.LastInsertId, ok.Status, ok.Warnings, Encoding.UTF8.GetString(ok.Info)),
            Is.EqualTo((300UL, 1UL, ServerStatus.AutoCommit | ServerStatus.SessionStateChanged, (ushort)2, "hi")));
        Assert.That(Changes(ok.SessionState), Is.EqualTo(new[] { "SystemVariable autocommit=OFF", "Schema =test", "StateChange =1", "127 =\uFFFD" }));
    }

    [Test]
    public void SessionTrackReader_SeveralVariablesInOneEntry_GivesEach()
    {
        var state = Payload.Hex("00 08 01 61 01 31 01 62 01 32");
        Assert.That(Changes(state), Is.EqualTo(new[] { "SystemVariable a=1", "SystemVariable b=2" }));
    }

    [Test]
    public void OkPacket_InfoWithoutALength_IsReadToTheEnd() =>
        Assert.That(Encoding.UTF8.GetString(OkPacket.Read("\0\0\0\u0002\0\0\0Records: 2"u8, Capabilities.Protocol41).Info), Is.EqualTo("Records: 2"));

    [Test]
    public void ErrPacket_BeforeTheHandshake_HasNoSqlStateAndIsReadWithTheUsualOne()
    {
        var bytes = Payload.Of(new ErrPacket(ErrorCode.TooManyConnections, "Too many connections") { WithSqlState = false });
        Assert.That(bytes, Is.EqualTo((byte[])[0xff, 0x10, 0x04, .. "Too many connections"u8]));
        Assert.That(ErrPacket.Read(bytes).SqlState, Is.EqualTo("08004"));
    }

    [Test]
    public void ErrPacket_WrittenAndRead_IsTheSame()
    {
        var error = new ErrPacket(ErrorCode.ServerShutdown, "going down");
        Assert.That(ErrPacket.Read(Payload.Of(error)), Is.EqualTo(error));
        Assert.That(error.SqlState, Is.EqualTo("08S01"));
    }

    [Test]
    public void ColumnDefinition41_WrittenAndRead_IsTheSame([Values] bool extended)
    {
        var capabilities = extended ? Capabilities.MariaDbExtendedMetadata : Capabilities.None;
        var column = new ColumnDefinition41("shop", "t", "Titems", "n", "name", 45, 400, ColumnType.VarString, ColumnFlags.NotNull | ColumnFlags.PrimaryKey, 0);
        using var writer = new PacketWriter();
        column.WriteTo(writer, capabilities);
        Assert.That(ColumnDefinition41.Read(writer.Written, capabilities), Is.EqualTo(column));
    }

    [Test]
    public void ChangeUser_WrittenAndRead_IsTheSame()
    {
        KeyValuePair<string, string>[] attributes = [new("a", "b")];
        var change = new ChangeUser("root", new byte[] { 5, 6 }, "shop", 45, AuthPlugins.NativePassword, attributes);
        var read = ChangeUser.Read(Payload.Of(change), EngineLogin.DefaultCapabilities);
        Assert.That(read with { AuthResponse = change.AuthResponse, Attributes = attributes }, Is.EqualTo(change));
        Assert.That(read.Attributes, Is.EqualTo(attributes));
    }

    [Test]
    public void StmtExecute_WithTypes_LocatesThem()
    {
        // From the protocol documentation: one parameter, VARCHAR "foo".
        var execution = StmtExecute.Read(Payload.Hex("17 01 00 00 00 00 01 00 00 00 00 01 0f 00 03 66 6f 6f"), 1, Capabilities.None);
        Assert.That((execution.StatementId, execution.TypesFlagOffset, execution.HasTypes), Is.EqualTo((1u, 11, true)));
        Assert.That(execution.Types.ToArray(), Is.EqualTo(new byte[] { 0x0f, 0 }));
    }

    [Test]
    public void StmtExecute_AgainWithoutTypes_SaysSo()
    {
        var execution = StmtExecute.Read(Payload.Hex("17 01 00 00 00 01 01 00 00 00 00 00 03 66 6f 6f"), 1, Capabilities.None);
        Assert.That((execution.HasTypes, execution.CursorFlags), Is.EqualTo((false, (byte)1)));
    }

    [Test]
    public void StmtExecute_WithQueryAttributes_CountsThemToo()
    {
        var payload = Payload.Hex("17 01 00 00 00 08 01 00 00 00 02 00 01 03 00 00 fe 00 01 6e 2a 00 00 00 01 76");
        var execution = StmtExecute.Read(payload, 1, Capabilities.QueryAttributes);
        Assert.That((execution.Parameters, execution.HasTypes, execution.TypesFlagOffset, execution.CursorFlags), Is.EqualTo((2, true, 12, (byte)0)));
        Assert.That(execution.Types.ToArray(), Is.EqualTo(Payload.Hex("03 00 00 fe 00 01 6e")));
    }

    [Test]
    public void QueryText_WithoutAttributes_BeginsAfterTheCommand() =>
        Assert.That(QueryText.FindStart("\u0003SELECT 1"u8, Capabilities.None), Is.EqualTo(1));

    [Test]
    public void QueryText_NoAttributesButTheCapability_BeginsAfterTheirCount() =>
        Assert.That(QueryText.FindStart("\u0003\0\u0001SELECT 1"u8, Capabilities.QueryAttributes), Is.EqualTo(3));

    [Test]
    public void QueryText_WithAttributes_BeginsAfterTheirValues()
    {
        // Three attributes: a string "v", a NULL, and a date.
        var payload = (byte[])[.. Payload.Hex("03 03 01 02 01 fe 00 01 61 fe 00 01 62 0a 00 01 63 01 76 04 da 07 0a 11"), .. "SELECT 1"u8];
        Assert.That(payload[QueryText.FindStart(payload, Capabilities.QueryAttributes)..], Is.EqualTo("SELECT 1"u8.ToArray()));
    }

    [Test]
    public void ProxyHeader_Version1_IsOneLine()
    {
        using var writer = new PacketWriter();
        ProxyHeader.WriteVersion1(writer, IPEndPoint.Parse("[::ffff:10.0.0.1]:4711"), IPEndPoint.Parse("10.0.0.2:3306"));
        Assert.That(Encoding.ASCII.GetString(writer.Written), Is.EqualTo("PROXY TCP4 10.0.0.1 10.0.0.2 4711 3306\r\n"));
    }

    [TestCase("10.0.0.1:4711", "0d0a0d0a000d0a515549540a 21 11 000c 0a000001 7f000001 1267 0cea")]
    [TestCase("[2001:db8::1]:4711", "0d0a0d0a000d0a515549540a 21 21 0024 20010db8000000000000000000000001 00000000000000000000ffff7f000001 1267 0cea")]
    [TestCase(null, "0d0a0d0a000d0a515549540a 20 00 0000")]
    public void ProxyHeader_Version2_HasBothAddresses(string? source, string expected)
    {
        using var writer = new PacketWriter();
        ProxyHeader.WriteVersion2(writer, source is null ? null : IPEndPoint.Parse(source), IPEndPoint.Parse("127.0.0.1:3306"));
        Assert.That(writer.Written.ToArray(), Is.EqualTo(Payload.Hex(expected)));
    }

    private static List<string> Changes(ReadOnlySpan<byte> state)
    {
        var changes = new List<string>();
        var reader = new SessionTrackReader(state);
        while (reader.Next()) changes.Add($"{reader.Kind} {Encoding.UTF8.GetString(reader.Name)}={Encoding.UTF8.GetString(reader.Value)}");
        return changes;
    }
}
