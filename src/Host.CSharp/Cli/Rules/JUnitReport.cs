using System.Globalization;
using System.Text;
using System.Xml;

namespace Serverless.Host.Cli.Rules;

/// <summary>Scenarios that were run, as build servers read tests: the XML of JUnit, a suite for each policy.</summary>
internal static class JUnitReport
{
    /// <exception cref="CommandFailedException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<ScenarioResult> all)
    {
        try
        {
            ReplacedFile.Write(path, Text(all));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"--junit: expected a file that can be written, found {path}: {e.Message}", e);
        }
    }

    public static string Text(IReadOnlyList<ScenarioResult> all)
    {
        using var text = new Utf8Text();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, NewLineChars = "\n" }))
        {
            xml.WriteStartElement("testsuites");
            foreach (IGrouping<string, ScenarioResult> policy in all.GroupBy(one => one.Policy))
            {
                xml.WriteStartElement("testsuite");
                xml.WriteAttributeString("name", Clean(policy.Key));
                xml.WriteAttributeString("tests", Number(policy.Count()));
                xml.WriteAttributeString("failures", Number(policy.Count(one => !one.Passed)));
                xml.WriteAttributeString("errors", "0");
                xml.WriteAttributeString("time", Seconds(policy.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Took)));
                foreach (ScenarioResult one in policy)
                {
                    Write(xml, one);
                }

                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        return text + "\n";
    }

    private static void Write(XmlWriter xml, ScenarioResult one)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", Clean(one.Policy));
        xml.WriteAttributeString("name", Clean(one.Title));
        xml.WriteAttributeString("time", Seconds(one.Took));
        if (one.File is not null)
        {
            xml.WriteAttributeString("file", Clean(one.File));
            xml.WriteAttributeString("line", Number(one.Line ?? 0));
        }

        if (!one.Passed)
        {
            xml.WriteStartElement("failure");
            xml.WriteAttributeString("message", Clean($"expected {one.Misses[0].Expected}; came: {one.Misses[0].Came}"));
            xml.WriteString(Clean(one.Around));
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A title may have what no XML can.</summary>
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text);
        for (int at = 0; at < text.Length; at++)
        {
            if (at + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[at + 1], text[at]))
            {
                at++;
            }
            else if (!XmlConvert.IsXmlChar(text[at]))
            {
                clean[at] = '\uFFFD';
            }
        }

        return clean.ToString();
    }

    /// <summary>Says of itself what it is written as.</summary>
    private sealed class Utf8Text() : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
