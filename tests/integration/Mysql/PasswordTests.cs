using System.Security.Cryptography;
using System.Text;
using NUnit.Framework;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Mysql;

public sealed class PasswordTests
{
    private static readonly byte[] Challenge = Nonce.Create();

    [Test]
    public void NativePassword_StoredForm_IsWhatTheServerShowsForPassword()
    {
        // SELECT PASSWORD('password')
        Assert.That(NativePassword.TryParseStored("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", out var stored));
        Assert.That(SHA1.HashData(NativePassword.Stage1("password"u8)), Is.EqualTo(stored));
    }

    [TestCase("")]
    [TestCase("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E1")]
    [TestCase("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1EXY")]
    [TestCase("2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19F")]
    public void TryParseStored_AnythingElse_IsRefused(string text) => Assert.That(NativePassword.TryParseStored(text, out _), Is.False);

    [Test]
    public void TryVerify_RightToken_GivesWhatMakesATokenForAnotherNonce()
    {
        var stored = SHA1.HashData(NativePassword.Stage1("secret"u8));
        Assert.That(NativePassword.TryVerify(NativePassword.Token("secret"u8, Challenge), Challenge, stored, out var stage1));
        var other = Nonce.Create();
        Assert.That(NativePassword.TokenFromStage1(stage1, other), Is.EqualTo(NativePassword.Token("secret"u8, other)));
    }

    [Test]
    public void TryVerify_WrongTokenOrLength_GivesNothing()
    {
        var stored = SHA1.HashData(NativePassword.Stage1("secret"u8));
        byte[][] tokens = [NativePassword.Token("Secret"u8, Challenge), [], new byte[19], new byte[21], NativePassword.Token("secret"u8, Nonce.Create())];
        foreach (var token in tokens)
        {
            Assert.That(NativePassword.TryVerify(token, Challenge, stored, out var stage1), Is.False);
            Assert.That(stage1, Is.Empty);
        }
    }

    [Test]
    public void CachingSha2_FastToken_IsAcceptedForItsPasswordOnly()
    {
        var digest = CachingSha2Password.FastDigest("secret"u8);
        Assert.That(CachingSha2Password.VerifyFast(CachingSha2Password.Token("secret"u8, Challenge), Challenge, digest));
        Assert.That(CachingSha2Password.VerifyFast(CachingSha2Password.Token("Secret"u8, Challenge), Challenge, digest), Is.False);
        Assert.That(CachingSha2Password.VerifyFast([], Challenge, digest), Is.False);
    }

    /// <summary>Expected digests are crypt(3)'s.</summary>
    [TestCase("Hello world!", "saltstring", 5000, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5")]
    [TestCase("Hello world!", "saltstringsaltst", 10_000, "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA")]
    [TestCase("", "saltstring", 5000, "FdNfA4gXqvCeO6iZs7G/.wwwoywYZqo0l1pwmfWaBA7")]
    [TestCase("a very much longer text to encrypt. This one even stretches over more than one line.", "anotherlongsalts", 1400, "fwIaFdvUyTow9j/pvX/uV9y3YE8dkezgfUSeyT239g2")]
    public void Sha256Crypt_Passwords_AreDigestedAsByCrypt(string password, string salt, int rounds, string digest) =>
        Assert.That(Encoding.ASCII.GetString(Sha256Crypt.Digest(Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), rounds)), Is.EqualTo(digest));

    [Test]
    public void StoredSha2Password_OfAnythingElse_IsRefused()
    {
        string[] texts = ["", "$A$005$short", "$B$005$" + new string('x', 63), "$A$0g5$" + new string('x', 63), "$A$000$" + new string('x', 63)];
        Assert.That(texts.Select(text => StoredSha2Password.TryParse(text, out _)), Is.All.False);
    }

    [Test]
    public void StoredSha2Password_Impossible_FitsNoPassword() => Assert.That(StoredSha2Password.Impossible.Verify(""u8), Is.False);

    [Test]
    public void Nonce_Many_HaveNoByteThatClientsStumbleOver()
    {
        var bytes = Enumerable.Range(0, 1000).SelectMany(_ => Nonce.Create()).ToList();
        Assert.That(bytes, Has.None.EqualTo(0).And.None.EqualTo((byte)'$').And.All.LessThan(128));
    }
}
