using Microsoft.Extensions.Logging;

namespace Serverless.Tests.Integration.Support;

/// <summary>One logger for all that log.</summary>
internal sealed class RecordingLoggers(RecordingLogger log) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => log;

    public void Dispose()
    {
    }
}
