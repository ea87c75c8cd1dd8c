namespace Serverless.Host.Gateway.Authentication;

/// <summary>How a client's proof of its password ended.</summary>
/// <param name="Secret">What a login to the engine takes; null when the password is wrong.</param>
/// <param name="UsedPassword">The client gave one at all.</param>
internal readonly record struct PasswordProof(SecretLease? Secret, bool UsedPassword);
