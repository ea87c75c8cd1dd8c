namespace Serverless.Host.Mysql;

/// <summary>A login that cannot be carried out from this side: an authentication method or a capability that is missing. No error of the engine.</summary>
public sealed class LoginFailedException : Exception
{
    public LoginFailedException() : base("The login cannot be carried out.") { }

    public LoginFailedException(string message) : base(message) { }

    public LoginFailedException(string message, Exception inner) : base(message, inner) { }
}
