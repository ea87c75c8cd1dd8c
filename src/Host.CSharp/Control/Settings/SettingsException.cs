namespace Serverless.Host.Control.Settings;

/// <summary>What the host was told cannot be done; the message says what was found, what was expected, and where.</summary>
public sealed class SettingsException : Exception
{
    public SettingsException()
    {
    }

    public SettingsException(string message)
        : base(message)
    {
    }

    public SettingsException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
