namespace Serverless.Host.Gateway.Authentication;

/// <summary>Files that only the gateway's own user may read, replaced in one step: a reader, or a start after a crash, finds the old content or the new.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder does not let us.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
            BufferSize = 0,
        };
        using (var file = new FileStream(temporary, options))
        {
            file.Write(content);
            // On disk before the rename: otherwise a crash of the machine could leave the new name with no content.
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }
}
