using Serverless.Host.Gateway.State;
using Serverless.Host.Mysql;
using Serverless.Host.Net;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>The client's own view of session tracking: the gateway's setting on the backend connection is out of its sight.</summary>
internal sealed partial class Session
{
    /// <summary>The backend connection has the client's tracker setting for the statement under way.</summary>
    private bool _trackersLent;

    /// <summary>False: the backend connection broke, and the client has been told.</summary>
    private async ValueTask<bool> LendTrackersAsync()
    {
        try
        {
            await ClientTrackers.LendAsync(_state, Catalogue, Query(_backend!), CancellationToken.None);
            _trackersLent = true;
            return true;
        }
        catch (Exception failure) when (failure is ConnectionLostException or MalformedPacketException)
        {
            return await RefuseForLossAsync(failure);
        }
    }

    private async ValueTask TakeTrackersBackAsync()
    {
        _trackersLent = false;
        await ClientTrackers.TakeBackAsync(_state, Catalogue, Query(_backend!), CancellationToken.None);
        UpdateStanding();
    }

    /// <summary>Of what the backend reports, or would report, what this client asked to be told.</summary>
    private ReadOnlySpan<byte> TrackedForClient(ReadOnlySpan<byte> track)
    {
        if (!TracksForClient || track.IsEmpty) return [];
        if (_trackersLent) return track;
        using var writer = new PacketWriter();
        ClientTrackers.WriteFor(_state, Catalogue, track, writer);
        return writer.Written.ToArray();
    }
}
