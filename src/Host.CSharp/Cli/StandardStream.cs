using System.Text;

namespace Serverless.Host.Cli;

/// <summary>
/// The output of this process as other tools have it: what goes to a reader that is gone is dropped without a word (the platform does that), what
/// cannot be written otherwise, such as on a full disk, ends the command with an error.
/// </summary>
/// <param name="isLast">Errors go there, and nothing can be said of those that it makes itself.</param>
internal sealed class StandardStream(Stream stream, bool isLast) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Puts it before the console's own, for as long as the process lasts.</summary>
    public static void Use()
    {
        Console.SetOut(Writer(new StandardStream(Console.OpenStandardOutput(), isLast: false)));
        Console.SetError(Writer(new StandardStream(Console.OpenStandardError(), isLast: true)));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            stream.Write(buffer);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!isLast)
            {
                throw new OutputFailedException($"the output cannot be written: {(e.InnerException ?? e).Message}", e);
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static StreamWriter Writer(Stream stream)
    {
        Encoding encoding = Console.OutputEncoding is UTF8Encoding ? new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) : Console.OutputEncoding;
        return new StreamWriter(stream, encoding) { AutoFlush = true };
    }
}
