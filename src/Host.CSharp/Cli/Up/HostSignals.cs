using System.Runtime.InteropServices;

namespace Serverless.Host.Cli.Up;

/// <summary>SIGTERM, SIGINT and the end of the terminal (SIGHUP): the first asks for a clean end, the second for a quick one.</summary>
internal sealed class HostSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _hurry = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public HostSignals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP])
        {
            // `nohup` asks for it to run on when the terminal goes
            if (signal != PosixSignal.SIGHUP || !IgnoresHangUp())
            {
                _registrations.Add(PosixSignalRegistration.Create(signal, Take));
            }
        }
    }

    public CancellationToken Stop => _stop.Token;

    public CancellationToken Hurry => _hurry.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _stop.Dispose();
        _hurry.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        (_stop.IsCancellationRequested ? _hurry : _stop).Cancel();
    }

    /// <summary>The mask of ignored signals, in hexadecimal; signal 1 is its lowest bit (proc_pid_status(5)).</summary>
    private static bool IgnoresHangUp()
    {
        const string Field = "SigIgn:";
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(one => one.StartsWith(Field, StringComparison.Ordinal));
        return line is not null && ulong.TryParse(line[Field.Length..].Trim(), System.Globalization.NumberStyles.AllowHexSpecifier, provider: null, out ulong mask) && (mask & 1) != 0;
    }
}
