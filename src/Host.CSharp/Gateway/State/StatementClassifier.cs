namespace Serverless.Host.Gateway.State;

/// <summary>
/// Says what a statement text does to its session. One pass, nothing allocated, never throws whatever the bytes. Where the text does not tell, it
/// errs towards the trait that keeps a session on its backend.
/// </summary>
public static class StatementClassifier
{
    public static StatementInfo Classify(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        var scan = new StatementScan(sql, dialect);
        return scan.Run();
    }
}
