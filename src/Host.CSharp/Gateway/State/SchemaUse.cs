using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>Statements that make a schema the one in use. The server reads names in character_set_client, and trackers tell them in UTF-8.</summary>
internal static class SchemaUse
{
    /// <param name="characterSet">The connection's character_set_client, which it has again afterwards; null: not known.</param>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Statements(string schema, string? characterSet)
    {
        var use = new SqlText().Add("USE ").Name(schema).Bytes;
        if (Ascii.IsValid(schema) || characterSet is null or "utf8mb4" or "utf8mb3" or "utf8") return [use];
        return [Reading("utf8mb4"), use, Reading(characterSet)];
    }

    /// <summary>The character set that the statements of a fresh connection are read in.</summary>
    public static string? FreshCharacterSet(SessionState state, ServerCatalogue catalogue) => catalogue.CharacterSet(state.Collation);

    /// <summary>The same once the session's variables have been restored.</summary>
    public static string? OwnCharacterSet(SessionState state, ServerCatalogue catalogue) =>
        state.Variables?.TryGet("character_set_client", out var own) == true && own.Text is { } text ? Encoding.ASCII.GetString(text) : FreshCharacterSet(state, catalogue);

    private static ReadOnlyMemory<byte> Reading(string characterSet) => SqlText.Of($"SET @@session.character_set_client={characterSet}");
}
