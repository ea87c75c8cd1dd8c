using System.Text;
using Serverless.Host.Compute.Local;

namespace Serverless.Host.Cli.Rules;

/// <summary>
/// Gives a file a new content in one step: whoever reads it, and whoever starts after a crash, finds the old content or the new, or none where there was none.
/// Permissions and owner stay; a link stays a link, to a file that is written.
/// </summary>
internal static class ReplacedFile
{
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Write(string path, string text)
    {
        var named = new FileInfo(path);
        // Where nothing is, there is no link to ask for its target.
        string target = named.LinkTarget is null ? path : named.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        byte[] content = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false).GetBytes(text);
        // No rule file by its name, so that a gateway which watches the folder does not take it for one.
        string temporary = $"{target}.{Environment.ProcessId}.new";
        if (!File.Exists(target))
        {
            Create(temporary, mode: null, content);
            File.Move(temporary, target, overwrite: true);
            return;
        }

        // A file that may not be written is not replaced either, though its folder would let us.
        using (new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
        }

        try
        {
            Create(temporary, File.GetUnixFileMode(target), content);
            if (TryKeepOwner(target, temporary))
            {
                File.Move(temporary, target, overwrite: true);
                return;
            }
        }
        finally
        {
            File.Delete(temporary);
        }

        // Another's file that we may write, but not give back: only writing into it keeps it theirs.
        using var own = new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.Read);
        own.SetLength(0);
        own.Write(content);
        own.Flush(flushToDisk: true);
    }

    /// <param name="mode">Null: as the process makes new files.</param>
    private static void Create(string temporary, UnixFileMode? mode, byte[] content)
    {
        File.Delete(temporary);
        using var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 });
        file.Write(content);
        if (mode is { } kept)
        {
            // Set and not only asked for: what the process's mask takes from new files was not taken from this one.
            File.SetUnixFileMode(file.SafeFileHandle, kept);
        }

        // On disk before the rename: otherwise a crash of the machine could leave the name with no content.
        file.Flush(flushToDisk: true);
    }

    private static bool TryKeepOwner(string target, string temporary)
    {
        if (FileOwner.Of(target) is not { } owner || FileOwner.Of(temporary) is not { } own || (owner.User == own.User && owner.Group == own.Group))
        {
            return true;
        }

        try
        {
            owner.GiveTo(temporary);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
