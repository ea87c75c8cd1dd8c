using System.Globalization;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules;

/// <summary>How far an attack is, on one line of a terminal that is written over; nothing where there is none.</summary>
internal sealed class ProveProgressLine(TextWriter error, string policy) : IDisposable
{
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(200);

    private readonly bool _isTerminal = !Console.IsErrorRedirected && ReferenceEquals(error, Console.Error);
    private TimeSpan _shown;
    private int _width;

    public void Show(ProveProgress progress)
    {
        if (!_isTerminal || progress.Elapsed - _shown < s_pace)
        {
            return;
        }

        _shown = progress.Elapsed;
        double rate = progress.Lives / progress.Elapsed.TotalSeconds;
        string line = string.Create(
            CultureInfo.InvariantCulture, $"{policy}: {progress.Lives:#,0} lives in {progress.Elapsed.TotalSeconds:0} s, {rate:#,0} a second{(progress.Broken > 0 ? $", {progress.Broken} broken" : "")}");
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
