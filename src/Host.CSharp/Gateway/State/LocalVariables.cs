using System.Globalization;
using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.State;

/// <summary>What a session without a backend would read from its variables; null where that is not certain.</summary>
internal readonly ref struct LocalVariables(SessionState state, ServerCatalogue catalogue)
{
    private IReadOnlyDictionary<string, string> Server => catalogue.Profile.Variables;

    /// <summary>What the servers write names and messages in where nothing says otherwise.</summary>
    private const string SystemCharacterSet = "utf8mb3";

    private const int SystemCollation = 33;

    /// <summary>Character set of what is told; null: not certain.</summary>
    public string? ResultsCharacterSet => IsUnconverted ? SystemCharacterSet : Text("character_set_results");

    /// <summary>character_set_results is NULL (MySQL's Connector/J sets it so): each text comes in its own character set, which of all that is answered here is the system's.</summary>
    public bool IsUnconverted => state.Variables?.TryGet("character_set_results", out var results) == true && results.Text is null or [];

    /// <summary>
    /// Collation id in the column definitions of text: the one of SET NAMES … COLLATE, of a set chosen without one its default collation, and otherwise the
    /// handshake's.
    /// </summary>
    public int ResultsCollation()
    {
        if (IsUnconverted) return SystemCollation;
        if (state.Variables?.TryGet("character_set_results", out _) != true) return state.Collation;
        if (state.ResultsCollation != 0) return state.ResultsCollation;
        if (ResultsCharacterSet is not { } set || catalogue.DefaultCollation(set) is not { } name) return 0;
        return catalogue.Profile.Collations[name].Id;
    }

    /// <summary>The value as SELECT @@name gives it.</summary>
    public string? Selected(string name, in KnownVariable known) => Text(name) is not { } value ? null : known.Kind == VariableKind.Bool ? Digit(value) : value;

    /// <summary>The value as SHOW VARIABLES gives it.</summary>
    public string? Shown(string name, in KnownVariable known) => Text(name) is not { } value ? null : known.Kind == VariableKind.Bool ? Word(value) : value;

    private static string Digit(string value) => value is "1" or "ON" ? "1" : "0";

    private static string Word(string value) => value is "1" or "ON" ? "ON" : "OFF";

    private string? Text(string name)
    {
        if (state.Variables is { } changed && Changed(changed, name) is { } own) return own.Text is null ? null : Encoding.UTF8.GetString(own.Text);
        return name switch
        {
            "character_set_client" or "character_set_connection" or "character_set_results" => Handshake is { } set ? set : null,
            "collation_connection" => Handshake is null ? null : catalogue.CollationName(state.Collation),
            _ when catalogue.VariablesAreOld => null,
            // An interactive client has the other timeout in its place.
            "wait_timeout" when Server.GetValueOrDefault("interactive_timeout") != Server.GetValueOrDefault(name) => null,
            _ => SessionsBeginAlike || KnownVariable.All[name].Global ? Server.GetValueOrDefault(name) : null,
        };
    }

    /// <summary>character_set_connection is kept as the collation that implies it.</summary>
    private SessionValue? Changed(ChangedVariables changed, string name)
    {
        if (changed.TryGet(name, out var value)) return value;
        if (name != "character_set_connection" || !changed.TryGet("collation_connection", out var collation) || collation.Text is null) return null;
        var info = catalogue.Profile.Collations.GetValueOrDefault(Encoding.ASCII.GetString(collation.Text));
        return info is null ? null : SessionValue.Of(info.CharacterSet);
    }

    /// <summary>init_connect may set anything, for some accounts and not for others.</summary>
    private bool SessionsBeginAlike => string.IsNullOrEmpty(Server.GetValueOrDefault("init_connect"));

    /// <summary>The character set of the handshake, when the server takes it from there.</summary>
    private string? Handshake =>
        SessionsBeginAlike && Server.GetValueOrDefault("character_set_client_handshake") != "OFF" && catalogue.CharacterSet(state.Collation) is { } set
        && SessionCharset.MaxLength(set) > 0 ? set : null;
}
