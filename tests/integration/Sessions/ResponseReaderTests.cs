using NUnit.Framework;
using Serverless.Host.Gateway.Sessions;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>Where answers end, however the bytes are cut.</summary>
public sealed class ResponseReaderTests
{
    private static readonly byte[] Column = [3, (byte)'d', (byte)'e', (byte)'f', 0, 0, 0, 1, (byte)'a', 0, 12, 63, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0];

    [Test]
    public void ResultSet_WithEof_EndsWithTheSecondEof() =>
        Verify(ResponseShape.Results, Capabilities.None, [1], Column, Eof(0), [1, 49], [0xfb], Eof(2));

    [Test]
    public void ResultSet_WithoutEof_EndsWithTheOkPacket() =>
        Verify(ResponseShape.Results, Capabilities.DeprecateEof, [1], Column, [1, 49], Ok(0xfe, 2));

    [Test]
    public void MoreResults_AreReadToTheLast() =>
        Verify(ResponseShape.Results, Capabilities.DeprecateEof, Ok(0, 8), [1], Column, [1, 49], Ok(0xfe, 8), Ok(0, 2));

    [Test]
    public void Error_InTheMiddleOfRows_Ends()
    {
        var reader = Verify(ResponseShape.Results, Capabilities.None, [1], Column, Eof(0), [1, 49], Error(1317));
        Assert.That((reader.Succeeded, reader.ErrorCode), Is.EqualTo((false, (ushort)1317)));
    }

    [Test]
    public void Cursor_HasNoRows() =>
        Verify(ResponseShape.Cursor, Capabilities.None, [1], Column, Eof((ushort)ServerStatus.CursorExists));

    /// <summary>MariaDB's answer to a CALL of code with an open cursor of its own.</summary>
    [Test]
    public void CursorThatNobodyAskedFor_HasItsRowsHere()
    {
        var reader = Verify(
            ResponseShape.Results, Capabilities.None, [1], Column, Eof((ushort)ServerStatus.CursorExists), [1, 49], Eof((ushort)(ServerStatus.CursorExists | ServerStatus.MoreResults)), Ok(0, 2));
        Assert.That(reader.OpenedCursor, Is.False);
    }

    [Test]
    public void ProgressReport_IsNoError() =>
        Verify(ResponseShape.Results, Capabilities.MariaDbProgress, Error(0xffff), Ok(0, 2));

    [Test]
    public void Prepare_EndsAfterParametersAndColumns()
    {
        Verify(ResponseShape.Prepare, Capabilities.None, [0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0], Column, Column, Eof(0), Column, Eof(0));
        Verify(ResponseShape.Prepare, Capabilities.DeprecateEof, [0, 1, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0], Column, Column, Column);
        Verify(ResponseShape.Prepare, Capabilities.None, [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    [Test]
    public void MetadataThatIsLeftOut_IsNotWaitedFor() =>
        Verify(ResponseShape.Results, Capabilities.DeprecateEof | Capabilities.MariaDbCacheMetadata, [1, 0], [1, 49], Ok(0xfe, 2));

    [Test]
    public void Statistics_IsOnePacket() => Verify(ResponseShape.Text, Capabilities.None, "Uptime: 1"u8.ToArray());

    [Test]
    public void RowOf16MiB_IsGoneOverWithItsContinuation()
    {
        var reader = default(ResponseReader);
        reader.Begin(ResponseShape.Rows, Capabilities.None);
        // First part of a row whose first byte is 0xfe, a continuation that looks like an error, the end.
        byte[] bytes = [0xff, 0xff, 0xff, 0, 0xfe, .. new byte[0xfffffe], 3, 0, 0, 1, 0xff, 0xff, 0xff, .. Packet(2, Eof(2))];
        var position = 0;
        Assert.That(reader.Advance(bytes, ref position), Is.EqualTo(ResponseEvent.Ended));
        Assert.That((position, reader.Succeeded), Is.EqualTo((bytes.Length, true)));
    }

    [Test]
    public void SessionTrack_StopsBeforeThePacket()
    {
        var reader = default(ResponseReader);
        reader.Begin(ResponseShape.Single, Capabilities.SessionTrack);
        byte[] bytes = Packet(1, [0, 0, 0, 0, 0x40, 0, 0, 0, 4, 1, 2, 1, (byte)'x']);
        var position = 0;
        Assert.That(reader.Advance(bytes, ref position), Is.EqualTo(ResponseEvent.SessionTrack));
        Assert.That((position, reader.PacketLength, reader.HasEnded), Is.EqualTo((0, bytes.Length, true)));
    }

    [Test]
    public void OkPacketThatIsCutShort_IsMalformed() =>
        Assert.That(() => Verify(ResponseShape.Single, Capabilities.None, [0, 0]), Throws.InstanceOf<MalformedPacketException>());

    /// <summary>The answer is read to its end and not further, whole and cut at every byte.</summary>
    private static ResponseReader Verify(ResponseShape shape, Capabilities capabilities, params byte[][] payloads)
    {
        byte[] answer = [.. payloads.SelectMany((payload, i) => Packet((byte)(i + 1), payload))];
        byte[] bytes = [.. answer, 0xaa, 0xbb, 0xcc];
        var whole = default(ResponseReader);
        whole.Begin(shape, capabilities);
        var end = 0;
        Assert.That(Go(ref whole, bytes, ref end), Is.EqualTo(ResponseEvent.Ended));
        Assert.That(end, Is.EqualTo(answer.Length));
        for (var cut = 1; cut < answer.Length; cut++)
        {
            var reader = default(ResponseReader);
            reader.Begin(shape, capabilities);
            var position = 0;
            Assert.That(Go(ref reader, bytes.AsSpan(0, cut), ref position), Is.EqualTo(ResponseEvent.NeedMore), $"cut at {cut}");
            Assert.That(position, Is.LessThanOrEqualTo(cut));
            Assert.That(Go(ref reader, bytes, ref position), Is.EqualTo(ResponseEvent.Ended), $"cut at {cut}");
            Assert.That(position, Is.EqualTo(answer.Length), $"cut at {cut}");
        }
        return whole;
    }

    private static ResponseEvent Go(ref ResponseReader reader, ReadOnlySpan<byte> bytes, ref int position)
    {
        var happened = reader.Advance(bytes, ref position);
        if (happened != ResponseEvent.Prepared) return happened;
        position += reader.PacketLength;
        return Go(ref reader, bytes, ref position);
    }

    private static byte[] Packet(byte sequence, byte[] payload) => [(byte)payload.Length, (byte)(payload.Length >> 8), (byte)(payload.Length >> 16), sequence, .. payload];

    private static byte[] Eof(ushort status) => [0xfe, 0, 0, (byte)status, (byte)(status >> 8)];

    private static byte[] Ok(byte header, ushort status) => [header, 0, 0, (byte)status, (byte)(status >> 8), 0, 0];

    private static byte[] Error(ushort code) => [0xff, (byte)code, (byte)(code >> 8), (byte)'#', (byte)'7', (byte)'0', (byte)'1', (byte)'0', (byte)'0', (byte)'x'];
}
