using System.Text;

namespace Serverless.Host.Cli.Rules.Page;

/// <summary>What a color of a chart stands for.</summary>
/// <param name="Color">A custom property of the style.</param>
internal readonly record struct Key(string Color, string Text);

/// <summary>
/// A chart over time: shapes that stretch with the page in an SVG, and its words beside it in HTML, which keep their size at any width.
/// Shapes are in columns across and from 0 to 100 down.
/// </summary>
internal sealed class Chart(string title, string unit, int height, double top, int columns, IReadOnlyList<TimeMark> marks)
{
    private readonly StringBuilder _shapes = new();
    private readonly List<Key> _keys = [];

    /// <summary>The least round number that is no less: its half is one too.</summary>
    public static double Round(double most)
    {
        if (most <= 0)
        {
            return 1;
        }

        double power = Math.Pow(10, Math.Floor(Math.Log10(most)));
        return new[] { 1, 2, 4, 5, 8, 10 }.Select(one => one * power).First(one => one >= most * 0.999999);
    }

    public void Name(string color, string text) => _keys.Add(new Key(color, text));

    /// <summary>Columns from one value up to another; equal neighbors are one shape.</summary>
    public void Area(string color, Func<int, double> low, Func<int, double> high)
    {
        var path = new StringBuilder();
        int from = 0;
        while (from < columns)
        {
            (double bottom, double ceiling) = (low(from), high(from));
            int until = from + 1;
            while (until < columns && low(until).Equals(bottom) && high(until).Equals(ceiling))
            {
                until++;
            }

            if (ceiling > bottom)
            {
                path.Append($"M{from} {Down(bottom)}V{Down(ceiling)}H{until}V{Down(bottom)}Z");
            }

            from = until;
        }

        Add(path, $"fill=\"var(--{color})\"");
    }

    /// <summary>A line in steps.</summary>
    public void Steps(string color, Func<int, double> value)
    {
        var path = new StringBuilder($"M0 {Down(value(0))}");
        double last = value(0);
        for (int column = 1; column < columns; column++)
        {
            double next = value(column);
            if (!next.Equals(last))
            {
                path.Append($"H{column}V{Down(next)}");
                last = next;
            }
        }

        Add(path.Append($"H{columns}"), $"class=\"stroke\" stroke=\"var(--{color})\"");
    }

    public string Html(bool hasTimes)
    {
        var html = new StringBuilder($"<figure><figcaption><b>{PageText.Escaped(title)}</b><span class=\"soft\">{PageText.Escaped(unit)}</span>");
        foreach (Key key in _keys)
        {
            html.Append($"<span class=\"key\" style=\"--c:var(--{key.Color})\">{PageText.Escaped(key.Text)}</span>");
        }

        html.Append($"</figcaption><div class=\"chart\" style=\"--h:{height}px\"><div class=\"y\" aria-hidden=\"true\">");
        double[] levels = height < 60 ? [0, 1] : [0, 0.5, 1];
        foreach (double level in levels)
        {
            html.Append($"<span style=\"top:{PageText.Coordinate(100 - (level * 100))}%\">{PageText.Plain(level * top)}</span>");
        }

        html.Append($"</div><div class=\"plot\"><svg viewBox=\"0 0 {columns} 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{PageText.Escaped($"{title}, {unit}")}\"><path class=\"grid\" d=\"");
        foreach (double level in levels)
        {
            html.Append($"M0 {PageText.Coordinate(100 - (level * 100))}H{columns}");
        }

        foreach (TimeMark mark in marks)
        {
            html.Append($"M{PageText.Coordinate(mark.Share * columns)} 0V100");
        }

        html.Append($"\"/>{_shapes}</svg><div class=\"cross\"></div></div>");
        if (hasTimes)
        {
            html.Append("<div class=\"x\" aria-hidden=\"true\">");
            foreach (TimeMark mark in marks)
            {
                html.Append($"<span{(mark.IsSecond ? " class=\"alt\"" : "")} style=\"left:{PageText.Coordinate(mark.Share * 100)}%\">{mark.Text}</span>");
            }

            html.Append("</div>");
        }

        return html.Append("</div></figure>\n").ToString();
    }

    private string Down(double value) => PageText.Coordinate(100 - (Math.Clamp(value / top, 0, 1) * 100));

    private void Add(StringBuilder path, string how)
    {
        if (path.Length > 0)
        {
            _shapes.Append($"<path {how} d=\"{path}\"/>");
        }
    }
}
