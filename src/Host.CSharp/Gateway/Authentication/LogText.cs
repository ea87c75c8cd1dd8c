using System.Text;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>Of what a stranger sends, only what cannot forge lines of a log, nor steer the terminal that shows it.</summary>
internal static class LogText
{
    /// <param name="longest">Characters to take of it.</param>
    public static string Printable(string text, int longest)
    {
        var printable = new StringBuilder();
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, longest))) printable.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        return printable.ToString();
    }
}
