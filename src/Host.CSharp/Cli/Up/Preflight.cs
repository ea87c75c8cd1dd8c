using System.Net;
using System.Net.Sockets;
using Serverless.Host.Control.Settings;
using Serverless.Host.Gateway.Listening;
using Serverless.Host.Net;

namespace Serverless.Host.Cli.Up;

/// <summary>What would fail late, after a compute was started, is looked at first.</summary>
internal static class Preflight
{
    /// <exception cref="CommandFailedException">Something stands in the way; the message says what to do.</exception>
    public static void Check(HostSettings settings)
    {
        CheckData(settings.Data);
        CheckAddress(settings.Admin.Listen, "--admin");
        foreach (IPEndPoint address in settings.All.Select(one => one.Listen).Distinct())
        {
            CheckAddress(address, "--listen");
        }
    }

    /// <summary>Raises the limit of open files as far as it goes, and shares out what there is.</summary>
    /// <exception cref="CommandFailedException">There is too little to serve anybody.</exception>
    public static DescriptorBudget ShareDescriptors(HostSettings settings)
    {
        long limit = OpenFileLimit.Raise();
        return DescriptorBudget.Of(limit, settings.All.Count()) ?? throw new CommandFailedException(
            $"the limit of open files is {limit}, and it takes {DescriptorBudget.Fewest(settings.All.Count())} to serve a few clients: raise it to some thousands (ulimit -n, LimitNOFILE=).");
    }

    private static void CheckData(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            string probe = Path.Combine(path, $".probe-{Environment.ProcessId}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"the data directory {path} cannot be written: {e.Message} Name another one with --data.", e);
        }
    }

    private static void CheckAddress(IPEndPoint address, string flag)
    {
        if (address.Port == 0)
        {
            return;
        }

        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = address.Address.Equals(IPAddress.IPv6Any);
            }

            socket.Bind(address);
            // on Linux two may be bound with SO_REUSEADDR, and only one may listen
            socket.Listen(1);
        }
        catch (SocketException e)
        {
            string reason = e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => "it is in use by another program",
                SocketError.AddressNotAvailable => "this machine has no such address",
                SocketError.AccessDenied => "ports below 1024 need a right that this user has not",
                _ => e.Message,
            };
            throw new CommandFailedException($"{address} cannot be listened on: {reason}. Choose another with {flag}.", e);
        }
    }
}
