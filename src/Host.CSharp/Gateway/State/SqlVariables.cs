namespace Serverless.Host.Gateway.State;

/// <summary>Session variables that need to be known by name.</summary>
internal static class SqlVariables
{
    /// <summary>Variables that a later statement consumes, or that cannot be read back: replication's, mostly.</summary>
    public static bool IsOneShot(ReadOnlySpan<byte> name) =>
        SqlWords.Same(name, "insert_id"u8) || SqlWords.Same(name, "rand_seed1"u8) || SqlWords.Same(name, "rand_seed2"u8)
        || SqlWords.Same(name, "pseudo_thread_id"u8) || SqlWords.Same(name, "gtid_next"u8) || SqlWords.Same(name, "gtid_seq_no"u8)
        || SqlWords.Same(name, "wsrep_gtid_seq_no"u8) || SqlWords.Same(name, "original_commit_timestamp"u8)
        || SqlWords.Same(name, "immediate_server_version"u8) || SqlWords.Same(name, "original_server_version"u8)
        || SqlWords.Same(name, "pseudo_slave_mode"u8) || SqlWords.Same(name, "pseudo_replica_mode"u8);

    /// <summary>`SET @@transaction_isolation = …` without a scope is for the next transaction only.</summary>
    public static bool IsTransactionCharacteristic(ReadOnlySpan<byte> name) =>
        SqlWords.Same(name, "transaction_isolation"u8) || SqlWords.Same(name, "transaction_read_only"u8)
        || SqlWords.Same(name, "tx_isolation"u8) || SqlWords.Same(name, "tx_read_only"u8);
}
