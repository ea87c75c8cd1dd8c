using System.CommandLine;
using System.Globalization;
using Serverless.Rules;

namespace Serverless.Host.Cli;

/// <summary>
/// An option whose text is read here, so that a text that cannot be read makes a wrong command that says what was expected and what was found.
/// (An option of another type than text throws at whoever asks for a value that could not be read, validators included.)
/// </summary>
internal sealed class ReadOption<T> : Option<string?>
    where T : struct
{
    private const int LongestShown = 60;
    private readonly Func<string, T?> _read;

    /// <param name="expected">In words, as in `expected a whole number from 1 to 1000`.</param>
    /// <param name="read">Null: it cannot be read.</param>
    /// <param name="otherwise">Its text where it is not given; null: it has no value then.</param>
    public ReadOption(string name, string helpName, string description, string expected, Func<string, T?> read, string? otherwise = null)
        : base(name)
    {
        HelpName = helpName;
        Description = description;
        _read = read;
        if (otherwise is not null)
        {
            DefaultValueFactory = _ => otherwise;
        }

        Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Where(text => read(text) is null))
            {
                result.AddError($"{name}: expected {expected}, found `{Printable.Of(text, LongestShown)}`");
            }
        });
    }

    /// <summary>Null when it was not given and has no other value.</summary>
    public T? Find(ParseResult parsed) => parsed.GetValue(this) is { } text ? _read(text) : null;

    /// <summary>Of an option that has a value where it is not given.</summary>
    public T Value(ParseResult parsed) => Find(parsed)!.Value;
}

/// <summary>The options that more than one command has.</summary>
internal static class ReadOption
{
    /// <summary>A whole number in decimal digits and nothing else.</summary>
    public static ReadOption<int> Count(string name, string description, int least, int most, int otherwise) => new(
        name, "N", description, $"a whole number from {least} to {most}",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? value : null,
        otherwise.ToString(CultureInfo.InvariantCulture));

    /// <summary>A number with a point, and no other signs in it.</summary>
    public static ReadOption<decimal> Number(string name, string helpName, string description, string what, decimal least, decimal most, string? otherwise = null) => new(
        name, helpName, description, string.Create(CultureInfo.InvariantCulture, $"{what} from {least} to {most} like 1.5"),
        text => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value) && value >= least && value <= most ? value : null,
        otherwise);
}
