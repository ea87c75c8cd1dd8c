using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Serverless.Host.Gateway.Authentication;
using Serverless.Host.Mysql;

namespace Serverless.Tests.Integration.Authentication;

public sealed class AccountStoreTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("serverless-accounts-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Load_AfterSave_GivesTheSame()
    {
        var accounts = new AccountSnapshot(
            new DateTimeOffset(2026, 3, 2, 20, 0, 0, TimeSpan.Zero),
            [new Account("ü", "%", "caching_sha2_password", "$A$005$\u0001\u007f\u00ff\"\\", Locked: true, PasswordExpired: false, RequiresTls: true)]);
        var profile = new ServerProfile(
            ServerFamily.MariaDb, "5.5.5-10.11.6-MariaDB", 0x1234_0000_5678, 45, "mysql_native_password",
            new Dictionary<string, string> { ["autocommit"] = "ON" }, new Dictionary<string, CollationInfo> { ["utf8mb4_bin"] = new(46, "utf8mb4", IsDefault: false) });
        Store().Save(new EngineMemory(accounts, profile));

        var loaded = Store().Load()!;

        Assert.That(loaded.Accounts.ReadAt, Is.EqualTo(accounts.ReadAt));
        Assert.That(loaded.Accounts.Accounts, Is.EqualTo(accounts.Accounts));
        Assert.That(loaded.Profile! with { Variables = profile.Variables, Collations = profile.Collations }, Is.EqualTo(profile));
        Assert.That(loaded.Profile!.Variables, Is.EqualTo(profile.Variables));
        Assert.That(loaded.Profile.Collations, Is.EqualTo(profile.Collations));
    }

    [Test]
    public void Save_LeavesAFileThatOnlyItsOwnerReads()
    {
        Store().Save(new EngineMemory(AccountSnapshot.Empty, Profile: null));
        Store().Save(new EngineMemory(AccountSnapshot.Empty, Profile: null));
        Assert.That(File.GetUnixFileMode(StorePath), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(1));
    }

    [Test]
    public void Load_NothingThere_IsNull() => Assert.That(Store().Load(), Is.Null);

    [TestCase("")]
    [TestCase("{")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("{\"version\":1}")]
    [TestCase("{\"version\":2,\"accounts\":{\"readAt\":\"2026-03-02T20:00:00Z\",\"accounts\":[]},\"profile\":null}")]
    [TestCase("{\"version\":1,\"accounts\":{\"readAt\":\"2026-03-02T20:00:00Z\",\"accounts\":[{\"user\":null}]},\"profile\":null}")]
    public void Load_WhatItDidNotWrite_IsNull(string content)
    {
        File.WriteAllText(StorePath, content);
        Assert.That(Store().Load(), Is.Null);
    }

    private string StorePath => Path.Combine(_folder, "accounts.json");

    private AccountStore Store() => new(StorePath, NullLogger<AccountStore>.Instance);
}
