namespace Serverless.Tests.Integration.Fuzz;

/// <summary>Breaks a stream of packets in the ways that lines, bugs and attackers do.</summary>
internal static class Mutation
{
    public static byte[] Of(Random random, byte[] stream)
    {
        var bytes = stream.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--) Change(random, bytes);
        return [.. bytes];
    }

    private static void Change(Random random, List<byte> bytes)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(8))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                // At the beginning are the header and the kind of the first packet.
                bytes[Math.Min(random.Next(6), bytes.Count - 1)] = (byte)random.Next(256);
                break;
            case 3:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 4:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 8), bytes.Count - at));
                break;
            case 5:
                bytes.InsertRange(at, Enumerable.Range(0, random.Next(1, 8)).Select(_ => (byte)random.Next(256)));
                break;
            case 6:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 64), bytes.Count - at)));
                break;
            default:
                // Lengths that are encoded are 0xfb (NULL) or begin with one of these.
                bytes[at] = (byte)(0xfb + random.Next(5));
                break;
        }
    }
}
