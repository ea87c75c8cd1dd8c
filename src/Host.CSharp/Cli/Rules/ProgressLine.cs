namespace Serverless.Host.Cli.Rules;

/// <summary>How far something is, on one line of a terminal that is written over; nothing where there is none.</summary>
internal sealed class ProgressLine(TextWriter error) : IDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    private readonly bool _isTerminal = !Console.IsErrorRedirected && ReferenceEquals(error, Console.Error);
    private TimeSpan _shown;
    private int _width;

    /// <param name="elapsed">Since it began; what comes too soon after the line before is not shown.</param>
    public void Show(TimeSpan elapsed, Func<string> words)
    {
        if (!_isTerminal || elapsed - _shown < s_pace)
        {
            return;
        }

        _shown = elapsed;
        string line = words();
        error.Write($"\r{line.PadRight(_width)}");
        _width = line.Length;
    }

    public void Dispose()
    {
        if (_width > 0)
        {
            error.Write($"\r{new string(' ', _width)}\r");
        }
    }
}
