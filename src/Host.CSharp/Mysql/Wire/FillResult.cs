namespace Serverless.Host.Mysql;

public enum FillResult
{
    /// <summary>At least one more byte is buffered.</summary>
    Filled,

    /// <summary>Nothing has arrived: wait until readable.</summary>
    WouldBlock,

    /// <summary>The peer has closed its side.</summary>
    Closed,
}
