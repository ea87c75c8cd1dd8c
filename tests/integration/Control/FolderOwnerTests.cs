using Serverless.Host.Control;
using Serverless.Tests.Integration.Support;

namespace Serverless.Tests.Integration.Control;

/// <summary>What a directory knows of one StatefulSet is not taken for another's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FolderOwnerTests : IDisposable
{
    private static readonly FolderOwner Shop = new("prod", "shop", "1");
    private readonly TemporaryDirectory _directory = new();
    private readonly RecordingLogger _log = new();

    public void Dispose() => _directory.Dispose();

    [Test]
    public void Directory_WithoutANote_OrOfTheSameStatefulSet_IsLeftAsItIs()
    {
        Fill();
        FolderOwners.Settle(_directory["shop"], Shop, _log);
        FolderOwners.Settle(_directory["shop"], Shop, _log);
        Assert.That(Kept, Is.EqualTo(new[] { "accounts.json", "audit.jsonl", "state.json", "statefulset.json" }));
        Assert.That(_log.Messages, Is.Empty);
    }

    [Test]
    public void StatefulSet_OfAnotherName_BeginsWithoutAccountsAndState()
    {
        FolderOwners.Settle(_directory["shop"], Shop, _log);
        Fill();
        FolderOwners.Settle(_directory["shop"], Shop with { Namespace = "test" }, _log);
        Assert.That(Kept, Is.EqualTo(new[] { "audit.jsonl", "statefulset.json" }));
        Assert.That(_log.Messages.Single(), Does.Contain("prod/shop (1)").And.Contain("test/shop (1)").And.Contain("accounts and state begin anew"));
        Fill();
        FolderOwners.Settle(_directory["shop"], Shop with { Namespace = "test" }, _log);
        Assert.That(Kept, Has.Length.EqualTo(4), "it is whose it was noted to be");
    }

    /// <summary>As when one is deleted without its pods, and made again with another template.</summary>
    [Test]
    public void StatefulSet_MadeAnewUnderItsName_ReadsAccountsAnew_AndStaysPaused()
    {
        FolderOwners.Settle(_directory["shop"], Shop, _log);
        Fill();
        FolderOwners.Settle(_directory["shop"], Shop with { Uid = "2" }, _log);
        Assert.That(Kept, Is.EqualTo(new[] { "audit.jsonl", "state.json", "statefulset.json" }));
    }

    [Test]
    public void Note_ThatCannotBeRead_IsTold_AndMadeAnew([Values("", "{", "{}", "null", """{"namespace": null, "name": "a", "uid": "b"}""")] string note)
    {
        Fill();
        File.WriteAllText(_directory["shop/statefulset.json"], note);
        FolderOwners.Settle(_directory["shop"], Shop, _log);
        FolderOwners.Settle(_directory["shop"], Shop, _log);
        Assert.That(Kept, Has.Length.EqualTo(4));
        Assert.That(_log.Messages, Has.Count.EqualTo(note == "null" ? 0 : 1));
    }

    private string[] Kept => [.. Directory.GetFiles(_directory["shop"]).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private void Fill()
    {
        Directory.CreateDirectory(_directory["shop"]);
        foreach (string file in new[] { "accounts.json", "state.json", "audit.jsonl" })
        {
            File.WriteAllText(_directory[$"shop/{file}"], "{}");
        }
    }
}
