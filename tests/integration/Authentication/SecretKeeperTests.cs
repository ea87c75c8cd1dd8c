using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication;

public sealed class SecretKeeperTests
{
    private static readonly Account Account = new("u", "%", "caching_sha2_password", "$A$…", Locked: false, PasswordExpired: false, RequiresTls: false);

    [Test]
    public void Dispose_OfTheLastLease_ForgetsTheSecret()
    {
        var keeper = new SecretKeeper();
        var first = keeper.Hold(Account, "secret"u8);
        var second = keeper.TryHold(Account with { })!;
        first.Dispose();
        first.Dispose();
        Assert.That(second.Bytes.ToArray(), Is.EqualTo("secret"u8.ToArray()));
        second.Dispose();
        Assert.That(keeper.TryHold(Account), Is.Null);
        Assert.That(keeper.Count, Is.Zero);
    }

    [Test]
    public void Dispose_OfTheLastLease_OverwritesTheBytes()
    {
        var keeper = new SecretKeeper();
        var lease = keeper.Hold(Account, "secret"u8);
        var bytes = lease.Bytes;
        lease.Dispose();
        Assert.That(bytes.ToArray(), Is.EqualTo(new byte[6]));
    }

    [Test]
    public void TryHold_AfterThePasswordChanged_FindsNothing()
    {
        var keeper = new SecretKeeper();
        using var lease = keeper.Hold(Account, "secret"u8);
        Assert.That(keeper.TryHold(Account with { AuthenticationString = "$A$other" }), Is.Null);
    }

    [Test]
    public void Bytes_AfterDispose_Throws()
    {
        var lease = new SecretKeeper().Hold(Account, "secret"u8);
        lease.Dispose();
        Assert.That(() => lease.Bytes.Length, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void ToString_DoesNotTellTheHash() => Assert.That($"{Account}", Does.Not.Contain("$A$"));
}
