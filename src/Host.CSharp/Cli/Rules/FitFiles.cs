using System.Text;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>Writes fitted values into rule files, if they still are what was fitted.</summary>
internal static class FitFiles
{
    private const char Mark = '\uFEFF';

    /// <summary>False, with the reason written, where a file could not be; the others are.</summary>
    public static bool TryWrite(IReadOnlyList<RewrittenFile> files, TextWriter error)
    {
        bool all = true;
        foreach (RewrittenFile file in files)
        {
            try
            {
                // To the last byte: of anything but UTF-8, bytes would be lost in writing it back.
                string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(file.Name));
                bool isMarked = text.StartsWith(Mark);
                if ((isMarked ? text[1..] : text) != file.Before)
                {
                    error.WriteLine($"{file.Name}: expected it as it was fitted, found it changed meanwhile: run it again");
                    all = false;
                    continue;
                }

                ReplacedFile.Write(file.Name, isMarked ? Mark + file.After : file.After);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DecoderFallbackException)
            {
                error.WriteLine($"{file.Name}: it cannot be written: {e.Message}");
                all = false;
            }
        }

        return all;
    }
}
