using Serverless.Host.Cli;

namespace Serverless.Tests.Integration.Commands;

/// <summary>How a command ended, and what it printed where.</summary>
internal sealed record Result(int Exit, string Output, string Error)
{
    public static async Task<Result> OfAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int exit = await CommandLine.RunAsync(arguments, output, error);
        return new Result(exit, output.ToString(), error.ToString());
    }
}
