namespace Serverless.Host.Mysql;

/// <summary>Names of authentication plugins.</summary>
public static class AuthPlugins
{
    public const string NativePassword = "mysql_native_password";
    public const string CachingSha2 = "caching_sha2_password";
    /// <summary>What clients call it when they are asked for the password in the clear.</summary>
    public const string ClearPassword = "mysql_clear_password";
    /// <summary>MariaDB; accounts name it `ed25519`, clients `client_ed25519`.</summary>
    public const string Ed25519 = "ed25519";
    /// <summary>MariaDB; MySQL calls it `auth_socket`.</summary>
    public const string UnixSocket = "unix_socket";
    public const string AuthSocket = "auth_socket";
    public const string Sha256 = "sha256_password";
}
