using System.Runtime.CompilerServices;
using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>Words, names and variables inside a statement.</summary>
internal ref partial struct StatementScan
{
    /// <summary>Bit n: some word of n bytes tells something.</summary>
    private const uint TellingLengths =
        1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 16 | 1u << 17 | 1u << 19 | 1u << 22 | 1u << 23;

    /// <summary>Bit n: some telling word begins with the n-th letter.</summary>
    private const uint TellingFirsts = 1u << ('i' - 'a') | 1u << ('l' - 'a') | 1u << ('g' - 'a') | 1u << ('p' - 'a') | 1u << ('r' - 'a') | 1u << ('f' - 'a')
        | 1u << ('c' - 'a') | 1u << ('s' - 'a') | 1u << ('t' - 'a') | 1u << ('o' - 'a') | 1u << ('n' - 'a');

    private const int TrackerPrefix = 14;

    /// <summary>Notes what the current token says. It may go forward over a bracket.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Inside()
    {
        switch (_lexer.Kind)
        {
            case SqlTokenKind.Word:
                if (_lexer.Length < 32 && ((TellingLengths >> _lexer.Length) & 1) != 0) Telling(_lexer.Text);
                break;
            case SqlTokenKind.QuotedName:
                // A native function may be called by its quoted name.
                if (_lexer.Length is > 2 and < 34 && ((TellingLengths >> (_lexer.Length - 2)) & 1) != 0) Telling(_lexer.Text[1..^1]);
                break;
            case SqlTokenKind.UserVariable:
                _traits |= T.UserVariables;
                break;
            case SqlTokenKind.SystemVariable:
                SystemVariable();
                break;
            case SqlTokenKind.Assign:
                _traits |= T.AssignsUserVariables;
                break;
        }
    }

    private void Telling(ReadOnlySpan<byte> word)
    {
        switch (word.Length)
        {
            case 4 when SqlWords.Same(word, "into"u8):
                // INTO @x: the name is a token of its own; INTO of INSERT has none.
                if (NextIs(SqlTokenKind.UserVariable)) _traits |= T.AssignsUserVariables;
                break;
            case 4 when SqlWords.Same(word, "next"u8):
                if (_lexer.AcceptWord("value"u8)) _traits |= T.TakesFromSequence;
                break;
            case 5 when SqlWords.Same(word, "limit"u8):
                if (SkipsAfterLimit()) _traits |= T.SkipsRows;
                break;
            case 6 when SqlWords.Same(word, "offset"u8):
                _traits |= T.SkipsRows;
                break;
            case 7 when SqlWords.Same(word, "lastval"u8):
                Called(T.ReadsSequencePosition);
                break;
            case 7 when SqlWords.Same(word, "nextval"u8):
                Called(T.TakesFromSequence);
                break;
            case 8 when SqlWords.Same(word, "get_lock"u8):
                Called(T.TakesUserLock);
                break;
            case 8 when SqlWords.Same(word, "previous"u8):
                if (_lexer.AcceptWord("value"u8)) _traits |= T.ReadsSequencePosition;
                break;
            case 9 when SqlWords.Same(word, "row_count"u8):
                _traits |= T.ReadsRowCount;
                break;
            case 10 when SqlWords.Same(word, "found_rows"u8):
                _traits |= T.ReadsFoundRows;
                break;
            case 10 when SqlWords.Same(word, "innodb_trx"u8):
            case 11 when SqlWords.Same(word, "processlist"u8):
            case 12 when SqlWords.Same(word, "ps_thread_id"u8):
            case 14 when SqlWords.Same(word, "processlist_id"u8):
            case 19 when SqlWords.Same(word, "trx_mysql_thread_id"u8):
                _traits |= T.NamesServerConnections;
                break;
            case 14 when SqlWords.Same(word, "session_status"u8):
                _traits |= T.NamesCounters;
                break;
            case 12 when SqlWords.Same(word, "release_lock"u8):
                Called(T.ReleasesUserLock);
                break;
            case 12 when SqlWords.Same(word, "is_used_lock"u8):
                Called(T.ReadsUserLock);
                break;
            case 13 when SqlWords.Same(word, "connection_id"u8):
                _traits |= T.ReadsConnectionId;
                break;
            case 14 when SqlWords.Same(word, "last_insert_id"u8):
                LastInsertId();
                break;
            case 16 when SqlWords.Same(word, "pseudo_thread_id"u8):
                _traits |= T.ReadsConnectionId;
                break;
            case 17 when SqlWords.Same(word, "release_all_locks"u8):
                Called(T.ReleasesAllUserLocks);
                break;
            case 19 when SqlWords.Same(word, "sql_calc_found_rows"u8):
                _traits |= T.CalculatesFoundRows;
                break;
            case 22 when SqlWords.Same(word, "service_get_read_locks"u8):
            case 23 when SqlWords.Same(word, "service_get_write_locks"u8):
                // MySQL's locking service: locks of the session by names of their own space.
                Called(T.TakesUserLock);
                break;
            default:
                if (word.Length >= TrackerPrefix && SqlWords.StartsWith(word, "session_track_"u8)) _traits |= T.NamesTrackers;
                break;
        }
    }

    private void Called(T traits)
    {
        if (_lexer.Accept((byte)'(')) _traits |= traits;
    }

    private void LastInsertId()
    {
        _traits |= T.ReadsLastInsertId;
        if (_lexer.Accept((byte)'(') && !_lexer.Accept((byte)')')) _traits |= T.SetsLastInsertId;
    }

    private readonly bool NextIs(SqlTokenKind kind)
    {
        var ahead = _lexer;
        return ahead.Next() && ahead.Kind == kind;
    }

    /// <summary>LIMIT n,m: the comma is the second token behind it, whatever the first is.</summary>
    private readonly bool SkipsAfterLimit()
    {
        var ahead = _lexer;
        return ahead.Next() && ahead.Next() && ahead.IsSymbol((byte)',');
    }

    /// <summary>`@@name`, `@@session.name`, `@@global.name`; afterwards on the last part of the name.</summary>
    private void SystemVariable()
    {
        _traits |= T.ReadsSystemVariables;
        if (_lexer.Accept((byte)'.')) _lexer.Next();
        var name = SqlNames.Inner(_lexer.Text);
        if (SqlWords.Same(name, "warning_count"u8) || SqlWords.Same(name, "error_count"u8)) _traits |= T.ReadsDiagnostics;
        else if (SqlWords.Same(name, "pseudo_thread_id"u8)) _traits |= T.ReadsConnectionId;
        else if (SqlWords.Same(name, "last_insert_id"u8) || SqlWords.Same(name, "identity"u8)) _traits |= T.ReadsLastInsertId;
        else if (SqlWords.StartsWith(name, "session_track_"u8)) _traits |= T.NamesTrackers;
    }
}
