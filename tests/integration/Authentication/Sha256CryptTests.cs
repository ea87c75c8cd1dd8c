using System.Text;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Tests.Integration.Authentication;

public sealed class Sha256CryptTests
{
    // Stored by MySQL 9.7 for the passwords beside them; its prefix is `$A$00A$`, ten thousand rounds.
    [TestCase("correct horse", "24412430304124481C31030F375D394F09703C080A4B38296317132E59637472654A5576397830426F4F41616B504F704B5670774365527736376936747176714F7678415630")]
    [TestCase("p", "24412430304124643B7E1E237231016F4D225475107257120E0728754642684B616656496C783176655563323252643856493339694370444B45336861706E5754652E4D4537")]
    [TestCase("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "244124303041240F6F69074149631516044A6C45255B233404546A757264566E725A73514C6E67767A67304B646B5977745179713971357165344A57316F493764733566382F")]
    public void Verify_HashOfARealServer_TakesItsPasswordOnly(string password, string storedHex)
    {
        var stored = Encoding.Latin1.GetString(Convert.FromHexString(storedHex));
        Assert.That(Sha256Crypt.Verify(Encoding.UTF8.GetBytes(password), stored), Is.True);
        Assert.That(Sha256Crypt.Verify(Encoding.UTF8.GetBytes(password + "!"), stored), Is.False);
    }

    [Test]
    public void Store_ThenVerify_Agree()
    {
        var stored = Sha256Crypt.Store("päss"u8, "abcdefghijklmnopqrst"u8);
        Assert.That(stored, Does.StartWith("$A$005$abcdefghijklmnopqrst"));
        Assert.That(Sha256Crypt.Verify("päss"u8, stored), Is.True);
    }

    [TestCase("")]
    [TestCase("*0123456789ABCDEF0123456789ABCDEF01234567")]
    [TestCase("$A$000$abcdefghijklmnopqrst0123456789012345678901234567890123456789012")]
    [TestCase("$A$xyz$abcdefghijklmnopqrst0123456789012345678901234567890123456789012")]
    public void Verify_WhatIsNoSuchHash_IsFalse(string stored) => Assert.That(Sha256Crypt.Verify("p"u8, stored), Is.False);
}
