using System.Globalization;
using System.Text;
using Serverless.Core;
using Serverless.Host.Control.Settings;
using Serverless.Rules;

namespace Serverless.Host.Cli.Rules.Page;

/// <summary>
/// A simulation as one page that needs nothing but a browser: the figures that decide, policies side by side, what happened when, and how it was made.
/// It asks no network for anything, and its own policy forbids it to.
/// </summary>
internal sealed class SimulationPage
{
    private const int MostColumns = 480;
    private const int FewestColumns = 60;
    private const int ColumnsInAll = 3_840;
    private readonly StringBuilder _html = new();
    private readonly SimulationReport _report;

    private SimulationPage(SimulationReport report, IEnumerable<string> command)
    {
        _report = report;
        LoadSurvey survey = report.Survey;
        _html.Append("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")
            .Append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">")
            .Append($"<link rel=\"icon\" href=\"data:,\"><title>{PageText.Escaped($"Scaling policies under {report.Load.Name}")}</title>\n<style>{PageStyle.Css}</style></head><body><main>\n")
            .Append($"<h1>What it costs, and who waits: {PageText.Escaped(report.Load.Name)}</h1>")
            .Append($"<p class=\"soft\">{Quantity.show(Serverless.Core.ValueType.Duration, survey.LengthMs)} from {InstantText.Plain(report.Load.StartMs)}; ")
            .Append($"{SimulationRows.Cores(survey.PeakCpu)} cpu at the busiest, {SimulationRows.Cores(survey.MeanCpu)} cpu in the mean. A simulation: no database was run.</p>\n<h2>In short</h2>\n");
        foreach (SimulationColumn one in report.Policies)
        {
            Headline(one);
        }

        _html.Append("<h2>Side by side</h2>\n<div class=\"pair\">");
        if (report.Price is { } price)
        {
            Bars($"Cost at {price.ToString(CultureInfo.InvariantCulture)} a compute-unit hour", "serving", one => (double)one.Cost(price), value => value.ToString("#,0.00", CultureInfo.InvariantCulture));
        }
        else
        {
            Bars("Compute-unit hours", "serving", one => one.UnitHours, value => value.ToString("#,0.00", CultureInfo.InvariantCulture));
        }

        Bars("Mean wait of all statements", "wait", one => one.MeanWait, value => value >= 1 ? SimulationRows.Wait((long)Math.Round(value)) : value > 0 ? "below 1 ms" : "none");
        _html.Append("</div>\n");
        Figures();
        _html.Append("<h2>What happens when</h2>\n");
        foreach (SimulationColumn one in report.Policies)
        {
            _html.Append(new PolicyCharts(one, LoadShape.Of(report.Load, one.Timeline!), report.Load.StartMs).Html());
        }

        Making(command);
        _html.Append($"</main><script>{PageStyle.Script}</script></body></html>\n");
    }

    public string Html => _html.ToString();

    /// <summary>Fewer for each where there are many policies, so that a page of any is no burden to send.</summary>
    public static int ColumnsFor(int policies) => Math.Clamp(ColumnsInAll / policies, FewestColumns, MostColumns);

    /// <param name="command">Its words, without the program.</param>
    /// <exception cref="IOException">The load cannot be read again.</exception>
    public static SimulationPage Of(SimulationReport report, IEnumerable<string> command) => new(report, command);

    private void Headline(SimulationColumn column)
    {
        Prediction one = column.Prediction;
        double saved = 1 - _report.OfAlwaysOn(column);
        double days = one.LengthMs / 86_400_000.0;
        string cost = _report.Price is { } price ? $"{one.Cost(price).ToString("#,0.00", CultureInfo.InvariantCulture)} for {one.UnitHours.ToString("#,0.0", CultureInfo.InvariantCulture)} unit hours" : $"{one.UnitHours.ToString("#,0.0", CultureInfo.InvariantCulture)} compute-unit hours";
        string waited = one.Answered == 0 || one.Waited.Statements == 0 ? "nobody waited" : $"of the {SimulationRows.Share(one.Waited.Statements * 1000 / one.Answered)} of statements that waited";
        _html.Append($"<section class=\"card\"><h3>{PageText.Escaped(column.Name)}</h3><dl class=\"facts\">");
        Fact(saved >= 0 ? "saved against always on" : "more than always on", SimulationRows.Share(Math.Abs(saved)), cost, saved >= 0 ? "good" : "bad");
        Fact("suspended", SimulationRows.Share(one.Suspended), "of the time");
        Fact("wakes", one.Wakes.ToString("#,0", CultureInfo.InvariantCulture), days >= 1 ? $"{(one.Wakes / days).ToString("#,0.0", CultureInfo.InvariantCulture)} a day; {one.Resizes.ToString("#,0", CultureInfo.InvariantCulture)} resizes" : $"{one.Resizes.ToString("#,0", CultureInfo.InvariantCulture)} resizes");
        Fact("p95 wait", one.Waited.P95 == 0 ? "none" : SimulationRows.Wait(one.Waited.P95), waited);
        _html.Append("</dl></section>\n");
    }

    private void Fact(string name, string figure, string more, string kind = "") =>
        _html.Append($"<div class=\"fact\"><dt>{PageText.Escaped(name)}</dt><dd><span class=\"{kind}\">{PageText.Escaped(figure)}</span><small>{PageText.Escaped(more)}</small></dd></div>");

    private void Bars(string title, string color, Func<Prediction, double> figure, Func<double, string> text)
    {
        double most = _report.Columns.Max(one => figure(one.Prediction));
        _html.Append($"<section class=\"card\"><h3>{PageText.Escaped(title)}</h3><div class=\"bars\">");
        foreach (SimulationColumn one in _report.Columns)
        {
            double value = figure(one.Prediction);
            string width = PageText.Coordinate(most > 0 ? 100 * value / most : 0);
            _html.Append($"<div class=\"bar\"><span class=\"name\">{PageText.Escaped(one.Name)}</span><span class=\"track\"><i style=\"width:{width}%;background:var(--{(one.Path is null ? "always" : color)})\"></i></span>")
                .Append($"<span class=\"figure\">{PageText.Escaped(text(value))}</span></div>");
        }

        _html.Append("</div></section>");
    }

    private void Figures()
    {
        _html.Append("<section class=\"card\"><h3>All figures</h3><div class=\"scroll\"><table><thead><tr><th scope=\"col\">figure</th>");
        foreach (SimulationColumn one in _report.Columns)
        {
            _html.Append($"<th scope=\"col\">{PageText.Escaped(one.Name)}</th>");
        }

        _html.Append("</tr></thead><tbody>");
        foreach ((string name, Func<SimulationColumn, string> cell) in SimulationRows.Of(_report))
        {
            _html.Append($"<tr><th scope=\"row\">{PageText.Escaped(name)}</th>");
            foreach (SimulationColumn one in _report.Columns)
            {
                _html.Append($"<td>{PageText.Escaped(cell(one))}</td>");
            }

            _html.Append("</tr>");
        }

        _html.Append("</tbody></table></div>");
        foreach (string note in _report.Notes())
        {
            _html.Append($"<p class=\"soft\">{PageText.Escaped(note)}</p>");
        }

        _html.Append("</section>\n");
    }

    private void Making(IEnumerable<string> command)
    {
        ComputeModel compute = _report.Compute;
        string Time(long milliseconds) => milliseconds == 0 ? "0s" : QuantityText.OfMilliseconds(milliseconds);
        string model = $"A start takes {Time(compute.StartMs)}, a stop {Time(compute.StopMs)}, a resize {Time(compute.ResizeMs)}; "
            + (compute.WarmUpMs == 0 ? "caches are warm at once" : $"for {Time(compute.WarmUpMs)} after a start caches are cold, and it does {compute.Cold}% of its work")
            + $"; its processors do {compute.Speed}% of what those did that the load was measured on.";
        string units = string.Join("; ", _report.Policies.Select(one =>
            $"{one.Name}: {SimulationRows.Cores(one.Prediction.Policy.Unit.Cpu)} cpu and {QuantityText.OfBytes(one.Prediction.Policy.Unit.Memory)} of memory"));
        string price = _report.Price is { } given ? $" A unit hour costs {given.ToString(CultureInfo.InvariantCulture)}." : "";
        _html.Append("<h2>How it was made</h2>\n<section class=\"card\">")
            .Append($"<code>serverless {PageText.Escaped(string.Join(' ', command.Select(PageText.Word)))}</code>")
            .Append($"<p>{PageText.Escaped(model)}</p><p>{PageText.Escaped($"A compute unit is, of {units}.{price}")}</p>")
            .Append("<p class=\"soft\">Waits are for a start, or for work that came before. Effects do not fail, and nobody gives up waiting. The same command makes the same page.</p></section>\n");
    }
}
