namespace Serverless.Host.Gateway.State;

/// <summary>Session variables that need to be known by name.</summary>
internal static class SqlVariables
{
    /// <summary>Variables that are consumed by a later statement, or whose reported value is not what was set.</summary>
    public static bool IsOneShot(ReadOnlySpan<byte> name) =>
        SqlWords.Same(name, "timestamp"u8) || SqlWords.Same(name, "insert_id"u8) || SqlWords.Same(name, "last_insert_id"u8)
        || SqlWords.Same(name, "identity"u8) || SqlWords.Same(name, "rand_seed1"u8) || SqlWords.Same(name, "rand_seed2"u8)
        || SqlWords.Same(name, "pseudo_thread_id"u8) || SqlWords.Same(name, "gtid_next"u8) || SqlWords.Same(name, "gtid_seq_no"u8);

    /// <summary>`SET @@transaction_isolation = …` without a scope is for the next transaction only.</summary>
    public static bool IsTransactionCharacteristic(ReadOnlySpan<byte> name) =>
        SqlWords.Same(name, "transaction_isolation"u8) || SqlWords.Same(name, "transaction_read_only"u8)
        || SqlWords.Same(name, "tx_isolation"u8) || SqlWords.Same(name, "tx_read_only"u8);
}
