using System.Net;
using System.Net.Sockets;

namespace Serverless.Tests.Integration.Support;

/// <summary>
/// TCP ports of the loopback address that are free now, and that nothing takes before the program that they are for has started: they are below those that the system gives to connections and to
/// listeners that ask for any (from 32768 on), and none is given out twice in one run.
/// </summary>
internal static class FreePorts
{
    private const int First = 12_000, End = 32_768;
    private static readonly Lock s_guard = new();
    private static int s_next = Random.Shared.Next(First, End);

    public static int Take() => Take(1);

    /// <summary>So many in a row; the first of them.</summary>
    public static int Take(int count)
    {
        lock (s_guard)
        {
            while (true)
            {
                int first = s_next + count > End ? First : s_next;
                s_next = first + count;
                if (Enumerable.Range(first, count).All(IsFree)) return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
