using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace Serverless.Host.Control.Settings;

/// <summary>
/// One section of the configuration, read key by key. What was asked for is known, everything else is an error that names the nearest known key.
/// Errors are collected, so that all of them are reported at once.
/// </summary>
internal sealed class SettingsSection(IConfiguration section, string path, List<string> errors)
{
    /// <summary>In milliseconds: 24 days, which every timer can wait for.</summary>
    private const long LongestDuration = 24L * 24 * 3600 * 1000;

    /// <summary>1,024 TiB: those of many databases can be added up.</summary>
    private const long MostBytes = 1L << 50;

    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase);

    public string PathOf(string key) => path.Length == 0 ? key : $"{path}:{key}";

    public void Fail(string key, string message) => errors.Add($"{PathOf(key)}: {message}");

    /// <summary>Null: not there, or empty.</summary>
    public string? Text(string key) => Given(key) is { Length: > 0 } text ? text : null;

    /// <summary>Null: not there.</summary>
    public string? Given(string key)
    {
        _known.Add(key);
        IConfigurationSection found = section.GetSection(key);
        if (found.Value is null && found.GetChildren().Any())
        {
            Fail(key, "expected one value, found a section");
        }

        return found.Value;
    }

    /// <summary>It is there, be it empty.</summary>
    public bool IsGiven(string key) => section.GetSection(key).Exists();

    public bool Flag(string key, bool otherwise)
    {
        string? text = Text(key);
        if (text is null)
        {
            return otherwise;
        }

        if (bool.TryParse(text, out bool value))
        {
            return value;
        }

        Fail(key, $"expected true or false, found `{text}`");
        return otherwise;
    }

    public long Whole(string key, long otherwise, long least, long most)
    {
        string? text = Text(key);
        if (text is null)
        {
            return otherwise;
        }

        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long value) && value >= least && value <= most)
        {
            return value;
        }

        Fail(key, $"expected a whole number from {least} to {most}, found `{text}`");
        return otherwise;
    }

    public long Bytes(string key, long otherwise, long least) =>
        Quantity(key, otherwise, least, MostBytes, QuantityText.Bytes, QuantityText.OfBytes, "an amount like 64MiB");

    public TimeSpan Duration(string key, TimeSpan otherwise, TimeSpan least) => TimeSpan.FromMilliseconds(Quantity(
        key, (long)otherwise.TotalMilliseconds, (long)least.TotalMilliseconds, LongestDuration, QuantityText.Milliseconds, QuantityText.OfMilliseconds, "a duration like 30s"));

    public IPEndPoint Address(string key, IPEndPoint otherwise) => OptionalAddress(key) ?? otherwise;

    public IPEndPoint? OptionalAddress(string key)
    {
        string? text = Text(key);
        if (text is null)
        {
            return null;
        }

        if (ListenAddress.TryParse(text, out IPEndPoint? address))
        {
            return address;
        }

        Fail(key, $"expected HOST:PORT with a numeric address, like 127.0.0.1:3306 or [::]:3306, found `{text}`");
        return null;
    }

    public T OneOf<T>(string key, T otherwise, IReadOnlyDictionary<string, T> values)
    {
        string? text = Text(key);
        if (text is null)
        {
            return otherwise;
        }

        if (values.TryGetValue(text, out T? value))
        {
            return value;
        }

        Fail(key, $"expected one of {string.Join(", ", values.Keys)}, found `{text}`{Nearest.Hint(text, values.Keys)}");
        return otherwise;
    }

    public IReadOnlyList<string> Texts(string key)
    {
        return [.. Children(key, "a list").GetChildren().Select(child => child.Value ?? "")];
    }

    /// <summary>A list of lists. Null is null.</summary>
    public IReadOnlyList<IReadOnlyList<string?>> Rows(string key)
    {
        List<IConfigurationSection[]> rows = [.. Children(key, "a list of lists").GetChildren().Select(row => row.GetChildren().ToArray())];
        if (rows.Exists(row => Array.Exists(row, cell => cell.GetChildren().Any())))
        {
            Fail(key, "expected values in its lists, found a section");
        }

        return [.. rows.Select(row => (IReadOnlyList<string?>)[.. row.Select(cell => cell.Value)])];
    }

    public IReadOnlyList<KeyValuePair<string, string>> Pairs(string key)
    {
        return [.. Children(key, "a section").GetChildren().Select(child => KeyValuePair.Create(child.Key, child.Value ?? ""))];
    }

    public SettingsSection Section(string key)
    {
        return new SettingsSection(Children(key, "a section"), PathOf(key), errors);
    }

    public IReadOnlyList<SettingsSection> List(string key)
    {
        return [.. Children(key, "a list").GetChildren().Select(child => new SettingsSection(child, $"{PathOf(key)}:{child.Key}", errors))];
    }

    /// <summary>Every key that nobody asked for is an error.</summary>
    public void EndOfKeys()
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!_known.Contains(child.Key))
            {
                errors.Add($"unknown key `{PathOf(child.Key)}`{Nearest.Hint(child.Key, _known)}");
            }
        }
    }

    private IConfigurationSection Children(string key, string expected)
    {
        _known.Add(key);
        IConfigurationSection found = section.GetSection(key);
        if (!string.IsNullOrEmpty(found.Value))
        {
            Fail(key, $"expected {expected}, found `{found.Value}`");
        }

        return found;
    }

    private long Quantity(string key, long otherwise, long least, long most, Func<string, long?> parse, Func<long, string> write, string expected)
    {
        string? text = Text(key);
        if (text is null)
        {
            return otherwise;
        }

        if (parse(text) is { } value && value >= least && value <= most)
        {
            return value;
        }

        Fail(key, $"expected {expected}, from {write(least)} to {write(most)}, found `{text}`");
        return otherwise;
    }
}
