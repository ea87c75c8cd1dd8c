using Serverless.Host.Compute;
using Serverless.Host.Compute.Engine;
using Serverless.Host.Compute.Local;
using Serverless.Host.Net;
using Serverless.Tests.Integration.EndToEnd;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Compute;

/// <summary>A data directory is made whole or not at all, belongs to one gateway and one engine, and is never replaced by an empty one.</summary>
[TestFixtureSource(typeof(Engines), nameof(Engines.All))]
internal sealed class DataDirectoryTests(string? program)
{
    [Test]
    public async Task FirstStart_MakesTheFirstAccountWithItsPassword()
    {
        await using var engine = await TestEngine.StartAsync(program);
        Assert.That(engine.Compute.FirstAccount, Is.EqualTo(new FirstAccount(TestEngine.User, TestEngine.Password)));
        Assert.That(await engine.AskAsync("SELECT CURRENT_USER()"), Is.EqualTo("app@%"));
    }

    [Test]
    public async Task FirstPassword_Told_IsKeptNoLonger()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        engine.Compute.ForgetFirstPassword();
        await engine.ReopenAsync();
        Assert.That(engine.Compute.FirstAccount, Is.EqualTo(new FirstAccount(TestEngine.User, Password: null)));
    }

    [Test]
    public async Task ServiceAccount_NobodyElseHasItsPassword()
    {
        await using var engine = await TestEngine.StartAsync(program);
        var file = Path.Combine(engine.Folder, "service-account");
        Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        var failure = await engine.Connect(ServiceAccount.User, "").TryConnectAsync(CancellationToken.None);
        Assert.That(failure?.Code, Is.EqualTo(1045), "access denied");
    }

    [Test]
    public async Task Root_CannotLogInWithoutAPassword()
    {
        // The operating system's root may, on MariaDB, by the socket's own proof of who it is; that is no password login and not the gateway's.
        await using var engine = await TestEngine.StartAsync(program);
        var accounts = await engine.Compute.ReadAccountsAsync(CancellationToken.None);
        foreach (var root in accounts.Accounts.Where(account => account.User == "root"))
        {
            Assert.That(root.Locked || root.AuthenticationString == "invalid", Is.True, $"{root} has {root.Plugin} '{root.AuthenticationString}'");
        }
        Assert.That(accounts.Accounts.Any(account => account.User.Length == 0), Is.False, "there is no anonymous account");
    }

    [Test]
    public async Task Unfinished_IsRemovedByTheNextStart()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var unfinished = Directory.CreateDirectory(Path.Combine(engine.Folder, "data.unfinished-x")).FullName;
        await File.WriteAllTextAsync(Path.Combine(unfinished, "ibdata1"), "half");
        await engine.ReopenAsync();
        Assert.That(Directory.Exists(unfinished), Is.False);
        await engine.StartAsync();
    }

    [Test]
    public async Task Gone_FailsTheStartAndWorksWhenItIsBack()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var data = Path.Combine(engine.Folder, "data");
        Directory.Move(data, data + ".away");
        var failed = await engine.Compute.StartAsync(TestEngine.Small, CancellationToken.None);
        Assert.That(failed, Is.InstanceOf<EffectResult.Failed>());
        Assert.That(((EffectResult.Failed)failed).Reason, Does.Contain(data));
        Assert.That(Directory.Exists(data), Is.False, "no empty database took its place");

        Directory.Move(data + ".away", data);
        await engine.StartAsync();
    }

    [Test]
    public async Task Gone_WhileTheGatewayWasDown_IsNoFirstStart()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        Directory.Move(Path.Combine(engine.Folder, "data"), Path.Combine(engine.Folder, "elsewhere"));
        await Assert.ThatAsync(() => engine.ReopenAsync(), Throws.InstanceOf<ComputeException>().With.Message.Contains("cannot be used"));
    }

    [Test]
    public async Task OfTheOtherFamily_IsRefused()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var marker = Path.Combine(engine.Folder, "engine.json");
        var text = await File.ReadAllTextAsync(marker);
        await File.WriteAllTextAsync(marker, text.Contains("MariaDB", StringComparison.Ordinal) ? text.Replace("MariaDB", "MySQL") : text.Replace("MySQL", "MariaDB"));
        await Assert.ThatAsync(() => engine.ReopenAsync(), Throws.InstanceOf<ComputeException>().With.Message.Contains("belongs to"));
    }

    [Test]
    public async Task OfANewerVersion_IsRefused()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var marker = Path.Combine(engine.Folder, "engine.json");
        await File.WriteAllTextAsync(marker, System.Text.RegularExpressions.Regex.Replace(await File.ReadAllTextAsync(marker), @"\d+\.\d+\.\d+", "99.1.0", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await Assert.ThatAsync(() => engine.ReopenAsync(), Throws.InstanceOf<ComputeException>().With.Message.Contains("do not go back"));
    }

    [Test]
    public async Task OfAnOlderVersion_IsThisVersionsOnceItHasStarted()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        var marker = Path.Combine(engine.Folder, "engine.json");
        var made = await File.ReadAllTextAsync(marker);
        await File.WriteAllTextAsync(marker, System.Text.RegularExpressions.Regex.Replace(made, @"\d+\.\d+\.\d+", "5.1.0", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)));
        await engine.ReopenAsync();
        await engine.StartAsync();
        Assert.That(await File.ReadAllTextAsync(marker), Is.EqualTo(made));
    }

    [Test]
    public async Task WithoutAMarker_IsRecognisedByItsFiles()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        File.Delete(Path.Combine(engine.Folder, "engine.json"));
        await engine.ReopenAsync();
        await engine.StartAsync();
        Assert.That(await engine.AskAsync("SELECT CURRENT_USER()"), Is.EqualTo("app@%"));
    }

    [Test]
    public async Task InUse_IsRefusedToASecondGateway()
    {
        await using var engine = await TestEngine.OpenAsync(program);
        using var loop = new EventLoop("second");
        await Assert.ThatAsync(
            () => LocalCompute.OpenAsync(TestEngine.Options(program, engine.Folder), loop),
            Throws.InstanceOf<ComputeException>().With.Message.Contains($"another gateway (process {Environment.ProcessId})"));
    }

    [Test]
    public async Task APathTooLongForASocket_StillServes()
    {
        using var directory = new TemporaryDirectory();
        var deep = Path.Combine(directory.Path, new string('x', 120));
        using var loop = new EventLoop("deep");
        await using var compute = await LocalCompute.OpenAsync(TestEngine.Options(program, deep), loop);
        Assert.That(await compute.StartAsync(TestEngine.Small, CancellationToken.None), Is.InstanceOf<EffectResult.Done>());
        var socket = (await compute.ObserveAsync(CancellationToken.None)).Address!.UnixSocket!;
        await compute.StopAsync(hurry: true, CancellationToken.None);

        Assert.That(socket, Has.Length.LessThanOrEqualTo(107));
        var folder = Path.GetDirectoryName(socket)!;
        Assert.That(File.GetUnixFileMode(folder), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        Directory.Delete(folder, recursive: true);
    }
}
