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
        var first = keeper.Hold(Account, LoginSecret.FromPassword("secret"));
        var second = keeper.TryHold(Account with { })!;
        first.Dispose();
        first.Dispose();
        Assert.That(second.Secret.Is("secret"u8), Is.True);
        second.Dispose();
        Assert.That(keeper.TryHold(Account), Is.Null);
        Assert.That(keeper.Count, Is.Zero);
    }

    [Test]
    public void Dispose_OfTheLastLease_OverwritesTheSecret()
    {
        var lease = new SecretKeeper().Hold(Account, LoginSecret.FromPassword("secret"));
        var secret = lease.Secret;
        lease.Dispose();
        Assert.That(secret.Is(new byte[6]), Is.True);
    }

    [Test]
    public void Hold_WhatIsHeldAlready_WipesTheSecondCopy()
    {
        var keeper = new SecretKeeper();
        using var first = keeper.Hold(Account, LoginSecret.FromPassword("secret"));
        var copy = LoginSecret.FromPassword("secret");
        using var second = keeper.Hold(Account, copy);
        Assert.That(copy.Is(new byte[6]), Is.True);
        Assert.That(second.Secret.Is("secret"u8), Is.True);
    }

    [Test]
    public void TryHold_AfterThePasswordChanged_FindsNothing()
    {
        var keeper = new SecretKeeper();
        using var lease = keeper.Hold(Account, LoginSecret.FromPassword("secret"));
        Assert.That(keeper.TryHold(Account with { AuthenticationString = "$A$other" }), Is.Null);
    }

    [Test]
    public void Secret_AfterDispose_Throws()
    {
        var lease = new SecretKeeper().Hold(Account, LoginSecret.FromPassword("secret"));
        lease.Dispose();
        Assert.That(() => lease.Secret, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void ToString_DoesNotTellTheHash() => Assert.That($"{Account}", Does.Not.Contain("$A$"));
}
