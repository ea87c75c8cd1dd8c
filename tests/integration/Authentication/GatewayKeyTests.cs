using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Tests.Integration.Authentication;

public sealed class GatewayKeyTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("serverless-key-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void LoadOrCreate_Twice_GivesTheSameKeyFromAPrivateFile()
    {
        using var first = Load();
        using var second = Load();
        Assert.That(second.PublicPem.ToArray(), Is.EqualTo(first.PublicPem.ToArray()));
        Assert.That(File.GetUnixFileMode(KeyPath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public void LoadOrCreate_DamagedFile_MakesANewKey()
    {
        File.WriteAllText(KeyPath, "-----BEGIN PRIVATE KEY-----\nnonsense\n");
        using var key = Load();
        Assert.That(key.CipherLength, Is.EqualTo(256));
    }

    [Test]
    public void TryDecrypt_WhatWasEncryptedToThePublicKey_GivesItBack()
    {
        using var key = Load();
        using var client = RSA.Create();
        client.ImportFromPem(Encoding.ASCII.GetString(key.PublicPem.Span));
        Assert.That(key.TryDecrypt(client.Encrypt("hello"u8, RSAEncryptionPadding.OaepSHA1)), Is.EqualTo("hello"u8.ToArray()));
    }

    [TestCase(0)]
    [TestCase(255)]
    [TestCase(256)]
    public void TryDecrypt_Garbage_IsNull(int length)
    {
        using var key = Load();
        Assert.That(key.TryDecrypt(new byte[length]), Is.Null);
    }

    private string KeyPath => Path.Combine(_folder, "key.pem");

    private GatewayKey Load() => GatewayKey.LoadOrCreate(KeyPath, NullLogger.Instance);
}
