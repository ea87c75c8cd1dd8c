using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Serverless.Host.Cli;

namespace Serverless.Tests.Integration.Commands;

/// <summary>The page of `rules simulate --report`: what is in it, and how it looks in a browser.</summary>
public sealed partial class SimulationPageTests
{
    private const string Sleepy = "size 0.5cu .. 4cu step 0.5cu\nrule grow on running { when avg(cpu, 1m) > 70% do resize up 1cu }\nrule sleep on running { when idle >= 5m do suspend }\n";
    private string _home = null!;

    [SetUp]
    public void MakeHome() => _home = Directory.CreateTempSubdirectory("serverless-page-").FullName;

    [TearDown]
    public void RemoveHome() => Directory.Delete(_home, recursive: true);

    [Test]
    public async Task SameCommand_MakesTheSamePage()
    {
        string first = await PageAsync("--load", "web", "--for", "2d");
        Assert.That(await PageAsync("--load", "web", "--for", "2d"), Is.EqualTo(first));
    }

    [Test]
    public async Task YearOfSamples_IsNoBurdenToSend() => Assert.That((await PageAsync("--load", "office", "--for", "365d", "--price", "0.1")).Length, Is.LessThan(1_000_000));

    [Test]
    public async Task Page_NamesNothingOutsideOfItself()
    {
        string page = await PageAsync("--load", "dev", "--for", "2d");
        Assert.That(page, Does.Contain("default-src 'none'"));
        Assert.That(Outside().Matches(page).Select(match => match.Value), Is.Empty);
    }

    [Test]
    public async Task NameOfAFileThatIsMarkup_IsText()
    {
        string load = Path.Combine(_home, "<img src=x onerror=alert(1)>&\"'.csv");
        await File.WriteAllTextAsync(load, "time,load\n0,0.5\n600,0\n7200,0\n");
        string page = await PageAsync("--load", load);
        Assert.That(page, Does.Contain("&lt;img src=x onerror=alert(1)&gt;&amp;").And.Not.Contain("<img"));
    }

    [Test]
    public async Task FileThatCannotBeWritten_IsSaidSo()
    {
        string page = Path.Combine(_home, "missing", "out.html");
        Result result = await Result.OfAsync("rules", "simulate", Rules(), "--for", "1d", "--report", page);
        Assert.That((result.Exit, result.Output), Is.EqualTo((ExitCode.Wrong, "")));
        Assert.That(result.Error, Does.StartWith($"serverless: --report {page}: it cannot be written: "));
    }

    /// <summary>In frames of two widths, so that one start of a browser measures both.</summary>
    [TestCase(false)]
    [TestCase(true)]
    public async Task InABrowser_NothingOverflowsOverlapsOrComplains(bool isDark)
    {
        await PageAsync("--load", "office", "--for", "28d", "--price", "0.12");
        await File.WriteAllTextAsync(Path.Combine(_home, "frames.html"), Frames);
        (string dom, string log) = await BrowseAsync(isDark);
        Match found = Measured().Match(dom);
        Assert.That(found.Success, Is.True, () => dom[^Math.Min(dom.Length, 2_000)..] + log);
        JsonArray widths = JsonNode.Parse(System.Net.WebUtility.HtmlDecode(found.Groups["json"].Value))!.AsArray();
        Assert.That(widths, Has.Count.EqualTo(2));
        foreach (JsonNode? width in widths)
        {
            Assert.Multiple(() =>
            {
                Assert.That((int)width!["overflow"]!, Is.LessThanOrEqualTo(0), "wider than the window");
                Assert.That((string)width["overlaps"]!, Is.Empty, "words of charts that lie on one another");
                Assert.That((int)width["words"]!, Is.GreaterThan(10));
                Assert.That((int)width["asked"]!, Is.Zero, "of the network");
                Assert.That((bool)width["dark"]!, Is.EqualTo(isDark));
                Assert.That((string)width["now"]!, Does.Contain("cpu"), "what is under the pointer");
            });
        }

        Assert.That(log, Does.Not.Contain("CONSOLE"));
    }

    private const string Frames = """
        <!doctype html><body><iframe src="out.html" style="width:1280px;height:900px;border:0"></iframe><iframe src="out.html" style="width:390px;height:844px;border:0"></iframe><pre id="measured"></pre><script>
        onload=()=>{const all=[];for(const frame of document.querySelectorAll('iframe')){const d=frame.contentDocument,w=frame.contentWindow;
        const words=[...d.querySelectorAll('.x span,.y span,figcaption>*,.bars .name,.bars .figure,.fact dt,.fact dd>*')].filter(e=>e.getClientRects().length).map(e=>[e.textContent,e.getBoundingClientRect()]);
        const overlaps=[];for(let i=0;i<words.length;i++)for(let j=i+1;j<words.length;j++){const [a,p]=words[i],[b,q]=words[j];
        if(p.left<q.right-1&&q.left<p.right-1&&p.top<q.bottom-1&&q.top<p.bottom-1)overlaps.push(a+' on '+b)}
        const plot=d.querySelector('.plot'),box=plot.getBoundingClientRect();plot.dispatchEvent(new w.PointerEvent('pointermove',{clientX:box.left+box.width/2,clientY:box.top+5}));
        all.push({overflow:d.documentElement.scrollWidth-w.innerWidth,words:words.length,overlaps:overlaps.join('; '),asked:w.performance.getEntriesByType('resource').filter(e=>/^(https?|wss?|ftp):/.test(e.name)).length,
        dark:w.matchMedia('(prefers-color-scheme: dark)').matches,now:d.querySelector('.now').textContent})}
        document.getElementById('measured').textContent=JSON.stringify(all)}
        </script></body>
        """;

    private async Task<(string Dom, string Log)> BrowseAsync(bool isDark)
    {
        var start = new ProcessStartInfo("chromium") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", $"--user-data-dir={Path.Combine(_home, "browser")}", "--allow-file-access-from-files",
            "--enable-logging=stderr", "--v=0", "--window-size=1800,1000", "--virtual-time-budget=5000", $"--blink-settings=preferredColorScheme={(isDark ? 0 : 1)}", "--dump-dom", Path.Combine(_home, "frames.html"),
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("chromium is not installed");
            throw;
        }

        using (process)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
            try
            {
                Task<string> log = process.StandardError.ReadToEndAsync(limit.Token);
                return (await process.StandardOutput.ReadToEndAsync(limit.Token), await log);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill(entireProcessTree: true);
                }

                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
    }

    private async Task<string> PageAsync(params string[] more)
    {
        string page = Path.Combine(_home, "out.html");
        Result result = await Result.OfAsync(["rules", "simulate", Rules(), .. more, "--report", page]);
        Assert.That((result.Exit, result.Error), Is.EqualTo((ExitCode.Fine, "")));
        Assert.That(result.Output, Does.EndWith($"with charts: {page}\n"));
        return await File.ReadAllTextAsync(page);
    }

    private string Rules()
    {
        string folder = Directory.CreateDirectory(Path.Combine(_home, "rules")).FullName;
        File.WriteAllText(Path.Combine(folder, "test.rules"), Sleepy);
        return folder;
    }

    [GeneratedRegex("""<pre id="measured">(?<json>\[.*?)</pre>""", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Measured();

    [GeneratedRegex("""(https?:)?//[a-z]|@import|url\(|\ssrc=|<link(?! rel="icon" href="data:,")""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Outside();
}
