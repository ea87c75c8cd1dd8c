using System.Text;

namespace Serverless.Host.Compute.Engine;

/// <summary>Writing values into statements of our own.</summary>
internal static class SqlText
{
    /// <summary>A string literal, right under the default sql_mode (backslash escapes). Control characters are refused before it comes to this.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder("'", value.Length + 2);
        foreach (var character in value)
        {
            if (character is '\'' or '\\') text.Append('\\');
            text.Append(character);
        }
        return text.Append('\'').ToString();
    }
}
