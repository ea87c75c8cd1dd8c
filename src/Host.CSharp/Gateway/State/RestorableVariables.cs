namespace Serverless.Host.Gateway.State;

/// <summary>Which changed session variables are read back and set again, and those that need care.</summary>
internal static class RestorableVariables
{
    /// <summary>Known otherwise, or never to be set again.</summary>
    private static bool IsLeftOut(string name) =>
        // LAST_INSERT_ID() is read by itself; the tracker setting is the gateway's own.
        name is "last_insert_id" or "identity" or "session_track_system_variables" or "statement_id";

    /// <summary>The variable whose value stands for this one: setting a collation sets its character set as well, and only the collation tells all.</summary>
    private static string Representative(string name) => name switch
    {
        "character_set_connection" => "collation_connection",
        "character_set_database" => "collation_database",
        "character_set_server" => "collation_server",
        "storage_engine" => "default_storage_engine",
        _ => name,
    };

    /// <summary>A tracker reports the character set when SET NAMES … COLLATE changes the collation too.</summary>
    public static IEnumerable<string> ToRead(IEnumerable<string> changed) =>
        changed.Where(n => !IsLeftOut(n)).Select(Representative).Distinct(StringComparer.Ordinal);

    /// <summary>Stores a value that was read; null, or why it cannot be restored.</summary>
    public static PinReason? Take(ChangedVariables changed, string name, SessionValue value)
    {
        if (name == "timestamp")
        {
            TakeTimestamp(changed, value);
            return null;
        }
        if (name == "gtid_next" && value.Text is { } gtid && gtid.AsSpan().SequenceEqual("AUTOMATIC"u8))
        {
            changed.Forget(name);
            return null;
        }
        if (SqlVariables.IsOneShot(System.Text.Encoding.ASCII.GetBytes(name))) return new PinReason(PinCauses.SessionVariable, "session variable " + name);
        changed.Set(name, value);
        return null;
    }

    /// <summary>
    /// After SET timestamp=DEFAULT the tracker reports the old value, and reading gives the clock. Only a clock that stands, at what was reported, was set.
    /// </summary>
    private static void TakeTimestamp(ChangedVariables changed, SessionValue value)
    {
        if (changed.TryGet("timestamp", out var reported) && reported.Text.AsSpan().SequenceEqual(value.Text)) changed.Set("timestamp", value with { Numeric = true });
        else changed.Forget("timestamp");
    }

    /// <summary>
    /// Makes reported values into values for SET, when they can no longer be read back: numbers without quotes, an empty character set as NULL. What is
    /// reported wrongly is dropped.
    /// </summary>
    public static void TakeReported(ChangedVariables changed)
    {
        foreach (var (name, value) in changed.Values.ToArray())
        {
            if (IsLeftOut(name) || name is "timestamp" || SqlVariables.IsOneShot(System.Text.Encoding.ASCII.GetBytes(name))) changed.Forget(name);
            else if (value.Text is { Length: 0 } && name is "character_set_results" or "default_tmp_storage_engine" or "enforce_storage_engine") changed.Set(name, SessionValue.Null);
            else if (value.Text is { Length: > 0 } text && decimal.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _)) changed.Set(name, value with { Numeric = true });
        }
    }

    /// <summary>Drops the names that another stands for, and those left out.</summary>
    public static void ForgetDerived(ChangedVariables changed)
    {
        foreach (var name in changed.Names.Where(n => IsLeftOut(n) || Representative(n) != n).ToArray()) changed.Forget(name);
    }
}
