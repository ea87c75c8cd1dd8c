using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>A value of a session variable, in a form that a SET takes.</summary>
/// <param name="Text">Null: NULL. The bytes as the server gives them.</param>
/// <param name="Numeric">It is written without quotes.</param>
internal readonly record struct SessionValue(byte[]? Text, bool Numeric)
{
    public static SessionValue Null { get; } = new(null, Numeric: false);

    public static SessionValue Of(string text) => new(Encoding.UTF8.GetBytes(text), Numeric: false);

    public static SessionValue Of(long number) => new(Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)), Numeric: true);
}
