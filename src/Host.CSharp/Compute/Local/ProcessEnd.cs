namespace Serverless.Host.Compute.Local;

/// <summary>How a process ended. Both null: it was not our child, so nobody told us.</summary>
internal readonly record struct ProcessEnd(int? ExitCode, int? Signal)
{
    public override string ToString() => this switch
    {
        { Signal: { } signal } => $"was killed by signal {signal}{NameOf(signal)}",
        { ExitCode: 0 } => "ended by itself or by somebody else's hand (exit code 0)",
        { ExitCode: { } code } => $"ended with exit code {code}",
        _ => "ended",
    };

    private static string NameOf(int signal) => signal switch
    {
        4 => " (SIGILL)", 6 => " (SIGABRT)", 7 => " (SIGBUS)", 8 => " (SIGFPE)", 9 => " (SIGKILL)", 11 => " (SIGSEGV)", 15 => " (SIGTERM)", _ => "",
    };
}
