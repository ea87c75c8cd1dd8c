using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>COM_QUIT to a server, which counts and logs connections that are broken off without one.</summary>
internal static class Farewell
{
    /// <summary>Says it if it can be said at once.</summary>
    public static void Say(PacketChannel backend)
    {
        try
        {
            backend.Transport.TrySend([1, 0, 0, 0, (byte)Command.Quit]);
        }
        catch (ConnectionLostException)
        {
            // It is gone already.
        }
    }

    public static void SayAndClose(PacketChannel backend)
    {
        Say(backend);
        backend.Dispose();
    }
}
