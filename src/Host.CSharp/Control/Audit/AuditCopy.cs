namespace Serverless.Host.Control.Audit;

/// <summary>Gives out an audit log while it is written: its files one after the other, each as far as its last whole line. A block is in memory at a time.</summary>
internal static class AuditCopy
{
    private const int Block = 65_536;

    public static async Task WriteAsync(IReadOnlyList<string> files, Stream output, CancellationToken cancellation)
    {
        byte[] block = new byte[Block];
        foreach (string path in files)
        {
            try
            {
                await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
                long left = await WholeLinesAsync(file, block, cancellation);
                file.Position = 0;
                while (left > 0)
                {
                    int read = await file.ReadAsync(block.AsMemory(0, (int)Math.Min(left, Block)), cancellation);
                    if (read == 0)
                    {
                        break;
                    }

                    await output.WriteAsync(block.AsMemory(0, read), cancellation);
                    left -= read;
                }
            }
            catch (FileNotFoundException)
            {
                // the oldest file goes when there is no room for it; who reads on finds that something is missing
            }
        }
    }

    /// <summary>How many bytes of it end with a line end.</summary>
    private static async Task<long> WholeLinesAsync(FileStream file, byte[] block, CancellationToken cancellation)
    {
        long end = file.Length;
        while (end > 0)
        {
            long from = Math.Max(0, end - Block);
            file.Position = from;
            int length = (int)(end - from);
            await file.ReadExactlyAsync(block.AsMemory(0, length), cancellation);
            int last = block.AsSpan(0, length).LastIndexOf((byte)'\n');
            if (last >= 0)
            {
                return from + last + 1;
            }

            end = from;
        }

        return 0;
    }
}
