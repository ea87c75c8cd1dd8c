using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>One run of the formatter over some files: what it prints, what it writes, and how it ends.</summary>
internal sealed class FormatRun(TextWriter output, TextWriter error, bool isCheck, bool isDiff)
{
    private int _same, _changed, _failed;

    private bool WritesNothing => isCheck || isDiff;

    public int Files(IEnumerable<string> paths)
    {
        foreach (string path in paths.Distinct(StringComparer.Ordinal))
        {
            One(path, RuleFiles.FormatFile(path));
        }

        error.WriteLine(Summary());
        return _failed > 0 || (WritesNothing && _changed > 0) ? ExitCode.Wrong : ExitCode.Fine;
    }

    /// <summary>For editors: the formatted text goes to the output, or nothing and the reason to the error output.</summary>
    public int Stream(Stream input)
    {
        FormattedFile file = RuleFiles.Format("standard input", input);
        if (file.Diagnostics.Count > 0)
        {
            error.WriteLine(file.Render());
            return ExitCode.Wrong;
        }

        if (isDiff)
        {
            output.Write(LineDiff.Unified("standard input", file.Original, file.Text));
        }
        else if (!isCheck)
        {
            output.Write(file.Text);
        }

        return WritesNothing && file.IsChanged ? ExitCode.Wrong : ExitCode.Fine;
    }

    private void One(string path, FormattedFile file)
    {
        if (file.Diagnostics.Count > 0)
        {
            error.WriteLine(file.Render());
            _failed++;
        }
        else if (!file.IsChanged)
        {
            _same++;
        }
        else if (WritesNothing || TryWrite(path, file.Text))
        {
            _changed++;
            output.Write(isDiff ? LineDiff.Unified(path, file.Original, file.Text) : path + "\n");
        }
        else
        {
            _failed++;
        }
    }

    private bool TryWrite(string path, string text)
    {
        try
        {
            ReplacedFile.Write(path, text);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{path}: it cannot be written: {e.Message}");
            return false;
        }
    }

    private string Summary()
    {
        string[] parts =
        [
            Count(_changed, WritesNothing ? "to format" : "formatted", WritesNothing ? "to format" : "formatted"),
            Count(_same, "as it was", "as they were"),
            Count(_failed, "left as it was, with errors", "left as they were, with errors"),
        ];
        string all = string.Join(", ", parts.Where(part => part.Length > 0));
        return all.Length == 0 ? "no rule files there" : all;

        static string Count(int files, string one, string several) => files switch
        {
            0 => "",
            1 => $"1 file {one}",
            _ => $"{files} files {several}",
        };
    }
}
