namespace Serverless.Host.Cli;

internal static class ExitCode
{
    public const int Fine = 0;

    /// <summary>The thing that was asked for or checked is wrong.</summary>
    public const int Wrong = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C ended it: 128 and the number of the signal, as a shell has it.</summary>
    public const int Interrupted = 130;
}
