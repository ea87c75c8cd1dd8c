namespace Serverless.Host.Compute.Local;

/// <summary>The account that was made for clients together with the data directory.</summary>
/// <param name="User">Its name; its host is `%`.</param>
/// <param name="Password">Its password, as long as nobody has been told (see <see cref="LocalCompute.ForgetFirstPassword"/>); then null.</param>
public sealed record FirstAccount(string User, string? Password);
