using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Fuzz;

/// <summary>Answers as servers give them, drawn at random and regardless of what was asked.</summary>
internal static class ServerGrammar
{
    public static byte[] Answer(Random random)
    {
        var packets = new Packets(sequence: 1);
        for (var results = random.Next(6) == 0 ? random.Next(2, 4) : 1; results > 0; results--) Result(random, packets, more: results > 1);
        return packets.Written;
    }

    private static void Result(Random random, Packets packets, bool more)
    {
        switch (random.Next(10))
        {
            case < 3:
                packets.Add(Ok(random, 0x00, more));
                break;
            case 3:
                packets.Add(Error(random));
                break;
            case < 8:
                Rows(random, packets, more);
                break;
            case 8:
                Prepared(random, packets);
                break;
            default:
                packets.Add(random.Next(3) switch
                {
                    0 => [0xfb, .. "/etc/passwd"u8],
                    1 => [0xff, 0xff, 0xff, 1, 2, .. Packets.Fixed(3, 500), .. Packets.Text("progress")],
                    _ => Noise(random, random.Next(50)),
                });
                break;
        }
    }

    private static void Rows(Random random, Packets packets, bool more)
    {
        var columns = random.Next(1, 6);
        packets.Add(Packets.Number((ulong)(random.Next(8) == 0 ? random.Next(300) : columns)));
        Columns(random, packets, columns);
        for (var rows = random.Next(20); rows > 0; rows--)
        {
            byte[] row = [];
            for (var i = 0; i < columns; i++) row = random.Next(5) == 0 ? [.. row, 0xfb] : [.. row, .. Packets.Text(Noise(random, random.Next(40) == 0 ? 70_000 : random.Next(300)))];
            packets.Add(row);
        }
        if (random.Next(6) == 0) packets.Add(Error(random));
        else packets.Add(Ok(random, OkPacket.EndHeader, more));
    }

    private static void Prepared(Random random, Packets packets)
    {
        var (columns, parameters) = (random.Next(3), random.Next(3));
        packets.Add([0, .. Packets.Fixed(4, (ulong)random.Next(5)), .. Packets.Fixed(2, (ulong)columns), .. Packets.Fixed(2, (ulong)parameters), 0, 0, 0]);
        Columns(random, packets, parameters + columns);
    }

    private static void Columns(Random random, Packets packets, int count)
    {
        for (var i = 0; i < count; i++)
        {
            packets.Add([
                .. Packets.Text("def"), .. Packets.Text("s"), .. Packets.Text("t"), .. Packets.Text("t"), .. Packets.Text("c"), .. Packets.Text("c"), 0x0c,
                .. Packets.Fixed(2, (ulong)random.Next(300)), .. Packets.Fixed(4, (ulong)random.Next()), (byte)random.Next(256), .. Packets.Fixed(2, (ulong)random.Next(1 << 16)), 0, 0, 0]);
        }
    }

    private static byte[] Ok(Random random, byte header, bool more)
    {
        var status = (ulong)(random.Next(4) == 0 ? random.Next(1 << 16) : 2) & ~0x4008UL;
        if (more) status |= (ulong)ServerStatus.MoreResults;
        byte[] tracked = [];
        if (random.Next(4) == 0)
        {
            status |= 0x4000;
            var change = random.Next(3) switch
            {
                0 => [0, .. Packets.Text([.. Packets.Text("autocommit"), .. Packets.Text("OFF")])],
                1 => [1, .. Packets.Text([.. Packets.Text("other")])],
                _ => Noise(random, random.Next(20)),
            };
            tracked = [.. Packets.Text("info"), .. Packets.Text(change)];
        }
        return [header, .. Packets.Number((ulong)random.Next(1000)), .. Packets.Number((ulong)random.Next(1000)), .. Packets.Fixed(2, status), .. Packets.Fixed(2, (ulong)random.Next(3)), .. tracked];
    }

    private static byte[] Error(Random random) => [0xff, .. Packets.Fixed(2, (ulong)random.Next(5000)), .. "#HY000"u8, .. new byte[random.Next(200)]];

    private static byte[] Noise(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
