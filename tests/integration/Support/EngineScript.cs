namespace Serverless.Tests.Integration.Support;

/// <summary>An engine that does something else first.</summary>
internal static class EngineScript
{
    /// <param name="folder">Where it is written.</param>
    /// <param name="first">In the shell's words. Arguments with `--socket=` are those of a start that serves.</param>
    /// <param name="program">What it is otherwise; null: Debian's MariaDB.</param>
    /// <returns>Its path.</returns>
    public static async Task<string> WriteAsync(string folder, string first, string? program = null)
    {
        string engine = Path.Combine(folder, "mariadbd");
        await File.WriteAllTextAsync(engine, $"#!/bin/sh\n{first}\nexec {program ?? "/usr/sbin/mariadbd"} \"$@\"\n");
        File.SetUnixFileMode(engine, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return engine;
    }
}
