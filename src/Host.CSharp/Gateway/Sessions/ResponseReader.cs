using System.Buffers.Binary;
using System.Diagnostics;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>
/// Finds the end of a command's answer in the bytes as they come from the server, in place: it reads packet headers and the few packets that
/// steer the protocol (OK, EOF, error, column count), and goes over all others without looking.
/// Protocol: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response.html and
/// https://mariadb.com/kb/en/result-set-packets/.
/// </summary>
internal struct ResponseReader
{
    /// <summary>An OK or error packet above this is no packet of a sound server: session state is a few kilobytes, and may reach some hundred.</summary>
    public const int LongestStatusPacket = 1 << 20;

    private const int Header = PacketHeader.Size;

    private enum Step : byte { Ended, First, Columns, ColumnsEof, Rows, Parameters, ParametersEof, PreparedColumns, PreparedColumnsEof, Single, Prepare, Text }

    private Step _step;
    private bool _deprecateEof;
    private bool _metadataFlag;
    private bool _progress;
    private bool _cursorAsked;
    private bool _continued;
    private int _skip;
    private ulong _columns;

    /// <summary>The last status packet was OK or EOF; false: an error.</summary>
    public bool Succeeded { get; private set; }

    /// <summary>The last status packet ended a result set.</summary>
    public bool ResultSet { get; private set; }

    public ushort ErrorCode { get; private set; }

    /// <summary>This answer has had an OK, EOF or error packet that tells how the command ended.</summary>
    public bool HasStatus { get; private set; }

    /// <summary>Flags of the last OK or EOF packet.</summary>
    public ServerStatus Status { get; private set; }

    public ushort Warnings { get; private set; }

    public ulong AffectedRows { get; private set; }

    /// <summary>The insert id of the last OK packet.</summary>
    public ulong InsertId { get; private set; }

    /// <summary>Rows of the last result set so far.</summary>
    public ulong Rows { get; private set; }

    /// <summary>Length of the whole packet (header included) that an event points at, or that the buffer must be able to hold to go on.</summary>
    public int PacketLength { get; private set; }

    /// <summary>Parameters and columns of the prepared statement, from <see cref="ResponseEvent.Prepared"/>.</summary>
    public ushort PreparedParameters { get; private set; }

    /// <summary>Sequence number of the last packet that was begun.</summary>
    public byte Sequence { get; private set; }

    /// <summary>
    /// The execute opened a cursor. MariaDB leaves the status flag of one that stored code has opened in the answers to a CALL, which have all their rows.
    /// </summary>
    public readonly bool OpenedCursor => _cursorAsked && Succeeded && (Status & ServerStatus.CursorExists) != 0;

    /// <summary>What has been gone over ends between two packets, so that one of ours can follow it.</summary>
    public readonly bool IsBetweenPackets => _skip == 0 && !_continued;

    public readonly bool HasEnded => _step == Step.Ended;

    public void Begin(ResponseShape shape, Capabilities capabilities)
    {
        _deprecateEof = (capabilities & Capabilities.DeprecateEof) != 0;
        _metadataFlag = (capabilities & (Capabilities.OptionalResultSetMetadata | Capabilities.MariaDbCacheMetadata)) != 0;
        _progress = (capabilities & Capabilities.MariaDbProgress) != 0;
        _cursorAsked = shape == ResponseShape.Cursor;
        _continued = false;
        _skip = 0;
        HasStatus = false;
        Succeeded = true;
        ErrorCode = 0;
        ResultSet = false;
        AffectedRows = 0;
        InsertId = 0;
        Rows = 0;
        Warnings = 0;
        PacketLength = 0;
        Sequence = 0;
        _step = shape switch
        {
            ResponseShape.None => Step.Ended,
            ResponseShape.Single => Step.Single,
            ResponseShape.Results or ResponseShape.Cursor => Step.First,
            ResponseShape.Rows => Step.Rows,
            ResponseShape.Prepare => Step.Prepare,
            ResponseShape.Text => Step.Text,
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>After a LOCAL INFILE request: the client has sent its last packet, and the server answers.</summary>
    public void EndOfFile() => _step = Step.First;

    /// <summary>Goes on from the position. What stands behind the position when it returns must stay in the buffer.</summary>
    /// <exception cref="MalformedPacketException">The server sent what the protocol does not allow.</exception>
    public ResponseEvent Advance(ReadOnlySpan<byte> data, ref int position)
    {
        while (true)
        {
            if (_skip > 0)
            {
                var part = Math.Min(_skip, data.Length - position);
                position += part;
                _skip -= part;
                if (_skip > 0) return ResponseEvent.NeedMore;
            }
            if (_step == Step.Ended && !_continued) return ResponseEvent.Ended;
            if (data.Length - position < Header) return NeedMore(Header);
            var length = (int)(BinaryPrimitives.ReadUInt32LittleEndian(data[position..]) & PacketHeader.MaxLength);
            if (_continued)
            {
                Sequence = data[position + 3];
                // The rest of a packet of 16 MiB and more: its first byte says nothing.
                GoOver(length, ref position);
                continue;
            }
            if (length > 0 && data.Length - position == Header) return NeedMore(Header + 1);
            var first = length > 0 ? data[position + Header] : (byte)0;
            if (IsPlain(first, length))
            {
                Sequence = data[position + 3];
                CountDown();
                GoOver(length, ref position);
                continue;
            }
            if (length > LongestStatusPacket) throw new MalformedPacketException($"A status packet of at most {LongestStatusPacket} bytes expected from the server, one of {length} bytes found.");
            if (data.Length - position < Header + length) return NeedMore(Header + length);
            PacketLength = Header + length;
            Sequence = data[position + 3];
            var happened = ReadStatus(data.Slice(position + Header, length), first);
            if (happened is ResponseEvent.SessionTrack or ResponseEvent.Prepared) return happened;
            position += PacketLength;
            if (happened == ResponseEvent.LocalInfile) return happened;
        }
    }

    private ResponseEvent NeedMore(int packet)
    {
        PacketLength = packet;
        return ResponseEvent.NeedMore;
    }

    private void GoOver(int length, ref int position)
    {
        position += Header;
        _skip = length;
        _continued = length == PacketHeader.MaxLength;
    }

    /// <summary>A packet that is passed on unread: a row, a column definition, a text.</summary>
    private readonly bool IsPlain(byte first, int length) => _step switch
    {
        Step.Rows => first < 0xFE || (first == 0xFE && !IsEndOfRows(length)),
        Step.Columns or Step.Parameters or Step.PreparedColumns or Step.Text => first != 0xFF,
        _ => false,
    };

    /// <summary>A row may begin with 0xFE too: then its first value is of 16 MiB and more, and so is the packet.</summary>
    private readonly bool IsEndOfRows(int length) => _deprecateEof ? length < PacketHeader.MaxLength : length < 9;

    private void CountDown()
    {
        switch (_step)
        {
            case Step.Rows:
                Rows++;
                break;
            case Step.Columns when --_columns == 0:
                _step = _deprecateEof ? Step.Rows : Step.ColumnsEof;
                break;
            case Step.Parameters when --PreparedParametersLeft == 0:
                _step = _deprecateEof ? AfterParameters() : Step.ParametersEof;
                break;
            case Step.PreparedColumns when --_columns == 0:
                _step = _deprecateEof ? Step.Ended : Step.PreparedColumnsEof;
                break;
            case Step.Text:
                _step = Step.Ended;
                break;
        }
    }

    private ushort PreparedParametersLeft { get; set; }

    private readonly Step AfterParameters() => _columns > 0 ? Step.PreparedColumns : Step.Ended;

    private ResponseEvent ReadStatus(ReadOnlySpan<byte> packet, byte first)
    {
        if (packet.IsEmpty) throw new MalformedPacketException("A status packet expected from the server, an empty one found.");
        if (first == 0xFF) return ReadError(packet);
        switch (_step)
        {
            case Step.First when first == 0xFB:
                return ResponseEvent.LocalInfile;
            case Step.First when first != 0x00 && first != 0xFE:
                ReadColumnCount(packet);
                return ResponseEvent.NeedMore;
            case Step.Prepare:
                return ReadPrepared(packet);
            case Step.ColumnsEof:
                ReadEof(packet);
                if (_cursorAsked && (Status & ServerStatus.CursorExists) != 0) EndOfResult(resultSet: true);
                else _step = Step.Rows;
                return ResponseEvent.NeedMore;
            case Step.ParametersEof:
                _step = AfterParameters();
                return ResponseEvent.NeedMore;
            case Step.PreparedColumnsEof:
                _step = Step.Ended;
                return ResponseEvent.NeedMore;
            default:
                return ReadOkOrEof(packet, first);
        }
    }

    private ResponseEvent ReadOkOrEof(ReadOnlySpan<byte> packet, byte first)
    {
        var resultSet = _step == Step.Rows;
        if (first == 0xFE && packet.Length <= 5)
        {
            ReadEof(packet);
            EndOfResult(resultSet);
            return ResponseEvent.NeedMore;
        }
        var reader = new PacketReader(packet, "OK");
        reader.Skip(1);
        AffectedRows = reader.LengthEncoded();
        InsertId = reader.LengthEncoded();
        Status = (ServerStatus)reader.UInt16();
        Warnings = reader.UInt16();
        EndOfResult(resultSet);
        return (Status & ServerStatus.SessionStateChanged) != 0 ? ResponseEvent.SessionTrack : ResponseEvent.NeedMore;
    }

    private void EndOfResult(bool resultSet)
    {
        HasStatus = true;
        Succeeded = true;
        ErrorCode = 0;
        ResultSet = resultSet;
        _step = (Status & ServerStatus.MoreResults) != 0 && _step != Step.Single ? Step.First : Step.Ended;
    }

    private void ReadEof(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 5) return;
        Warnings = BinaryPrimitives.ReadUInt16LittleEndian(packet[1..]);
        Status = (ServerStatus)BinaryPrimitives.ReadUInt16LittleEndian(packet[3..]);
    }

    private ResponseEvent ReadError(ReadOnlySpan<byte> packet)
    {
        var code = packet.Length >= 3 ? BinaryPrimitives.ReadUInt16LittleEndian(packet[1..]) : (ushort)0;
        // MariaDB tells the progress of a long statement in the clothes of an error.
        if (_progress && code == Mysql.ErrorCode.ProgressReport) return ResponseEvent.NeedMore;
        HasStatus = true;
        Succeeded = false;
        ResultSet = false;
        ErrorCode = code;
        _step = Step.Ended;
        return ResponseEvent.NeedMore;
    }

    private void ReadColumnCount(ReadOnlySpan<byte> packet)
    {
        var reader = new PacketReader(packet, "result set");
        _columns = reader.LengthEncoded();
        if (_columns == 0) throw reader.Malformed("a number of columns expected, 0 found");
        Rows = 0;
        var withoutMetadata = _metadataFlag && !reader.AtEnd && reader.UInt8() == 0;
        if (!withoutMetadata) _step = Step.Columns;
        else _step = _deprecateEof ? Step.Rows : Step.ColumnsEof;
    }

    private ResponseEvent ReadPrepared(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 9) throw new MalformedPacketException("prepared statement", packet.Length, "9 bytes or more expected");
        _columns = BinaryPrimitives.ReadUInt16LittleEndian(packet[5..]);
        PreparedParameters = PreparedParametersLeft = BinaryPrimitives.ReadUInt16LittleEndian(packet[7..]);
        // metadata_follows, MySQL only: behind the warning count.
        var withoutMetadata = _metadataFlag && packet.Length >= 13 && packet[12] == 0;
        if (withoutMetadata) _step = Step.Ended;
        else _step = PreparedParameters > 0 ? Step.Parameters : AfterParameters();
        return ResponseEvent.Prepared;
    }
}
