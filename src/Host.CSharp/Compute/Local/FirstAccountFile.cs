using System.Text.Json;
using Serverless.Host.Compute.Engine;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// Keeps the first account's password until the user has been told it: a gateway that dies in between tells it at its next start.
/// </summary>
internal static class FirstAccountFile
{
    private const int LongestUser = 32;

    public static FirstAccount? Read(EngineFolder folder)
    {
        try
        {
            return File.Exists(folder.FirstAccount) ? JsonSerializer.Deserialize(File.ReadAllText(folder.FirstAccount), MarkerJson.Default.FirstAccount) : null;
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static void Write(EngineFolder folder, FirstAccount account) =>
        folder.WritePrivate(folder.FirstAccount, JsonSerializer.Serialize(account, MarkerJson.Default.FirstAccount));

    /// <summary>The account as configured, with a random password where none is.</summary>
    /// <exception cref="ComputeException">The configured name or password cannot be used.</exception>
    public static FirstAccount From(LocalComputeOptions options)
    {
        var (user, password) = (options.FirstAccountUser, options.FirstAccountPassword ?? ServiceAccount.NewPassword());
        if (user.Length is 0 or > LongestUser || user.Any(char.IsControl)) throw new ComputeException($"The first account's name was expected to have 1 to {LongestUser} characters and no control characters; it is '{user}'.");
        if (user is ServiceAccount.User or "root") throw new ComputeException($"The first account cannot be called {user}: that account exists already. Choose another name.");
        if (password.Length == 0 || password.Any(char.IsControl)) throw new ComputeException("The first account's password was expected not to be empty and to have no control characters.");
        return new FirstAccount(user, password);
    }

    /// <summary>Makes the account, one statement a line.</summary>
    public static IReadOnlyList<string> Statements(FirstAccount account)
    {
        var name = $"{SqlText.Quote(account.User)}@'%'";
        return [$"CREATE USER {name} IDENTIFIED BY {SqlText.Quote(account.Password!)};", $"GRANT ALL PRIVILEGES ON *.* TO {name} WITH GRANT OPTION;"];
    }
}
