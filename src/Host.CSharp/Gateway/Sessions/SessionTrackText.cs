using System.Text;
using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Writes session state information of system variables, as an OK packet carries it.</summary>
internal static class SessionTrackText
{
    public static ReadOnlySpan<byte> Write(IReadOnlyList<KeyValuePair<string, string>> variables)
    {
        if (variables.Count == 0) return [];
        using var all = new PacketWriter();
        using var one = new PacketWriter();
        foreach (var (name, value) in variables)
        {
            one.LengthEncodedString(name);
            one.LengthEncodedBytes(Encoding.UTF8.GetBytes(value));
            all.UInt8((byte)SessionTrackKind.SystemVariable);
            all.LengthEncodedBytes(one.Written);
            one.Clear();
        }
        return all.Written.ToArray();
    }
}
