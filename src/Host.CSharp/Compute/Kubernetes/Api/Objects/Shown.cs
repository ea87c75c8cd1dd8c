namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>Text from elsewhere, short enough and plain enough for one line of a log.</summary>
internal static class Shown
{
    private const int Longest = 300;

    public static string Of(string text)
    {
        string cut = text.Length > Longest ? text[..Longest] + "…" : text;
        return cut.AsSpan().ContainsAnyInRange('\0', '\x1f') ? string.Create(cut.Length, cut, (to, from) =>
        {
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        }) : cut;
    }
}
