using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Serverless.Host.Control.Settings;

namespace Serverless.Host.Cli.Up;

/// <summary>The log goes to standard error, one line for each message; standard output is for what `up` has to say.</summary>
internal static class HostLogging
{
    public static ILoggerFactory Create(LogSettings settings) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(settings.Level);
        foreach ((string category, LogLevel level) in settings.Levels)
        {
            builder.AddFilter(category, level);
        }

        // the web server's own words are of no use to an operator, unless somebody asks for them
        if (!settings.Levels.Keys.Any(category => category.StartsWith("Microsoft", StringComparison.Ordinal)))
        {
            builder.AddFilter("Microsoft", LogLevel.Warning);
        }

        builder.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}
