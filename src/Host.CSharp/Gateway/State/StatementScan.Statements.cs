using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>Statements whose second word decides.</summary>
internal ref partial struct StatementScan
{
    private StatementKind Show()
    {
        if (!_lexer.Next()) return StatementKind.Show;
        if (_lexer.IsWord("warnings"u8) || _lexer.IsWord("errors"u8) || _lexer.IsWord("count"u8)) _traits |= T.ReadsDiagnostics;
        var variables = _lexer.IsWord("variables"u8) || _lexer.IsWord("session"u8) || _lexer.IsWord("local"u8);
        while (!AtEnd())
        {
            variables |= _lexer.IsWord("variables"u8);
            // SHOW VARIABLES LIKE 'session_track%': the pattern may match the names that the gateway sets.
            if (variables && _lexer.Kind == SqlTokenKind.String && SqlPatterns.MayMatchTrackers(SqlNames.Inner(_lexer.Text))) _traits |= T.NamesTrackers;
            Inside();
            if (!_lexer.Next()) break;
        }
        return StatementKind.Show;
    }

    private StatementKind Start()
    {
        if (!_lexer.AcceptWord("transaction"u8)) return Plain(StatementKind.Administration);
        return With(T.BeginsTransaction, StatementKind.Begin);
    }

    private StatementKind Begin() =>
        // MariaDB: BEGIN NOT ATOMIC … END runs a block outside any stored routine.
        _lexer.AcceptWord("not"u8) ? Block() : With(T.BeginsTransaction, StatementKind.Begin);

    /// <summary>Statements of the stored-program language, which MariaDB runs directly. Everything behind counts as part of it.</summary>
    private StatementKind Block()
    {
        _traits |= T.RunsStoredCode;
        while (_lexer.Next()) Inside();
        return StatementKind.Block;
    }

    private StatementKind Unlock()
    {
        if (_lexer.AcceptWord("tables"u8) || _lexer.AcceptWord("table"u8)) return With(T.UnlocksTables, StatementKind.UnlockTables);
        if (_lexer.AcceptWord("instance"u8)) return With(T.ReleasesBackupLock, StatementKind.Administration);
        return With(T.NotUnderstood, StatementKind.Administration);
    }

    /// <summary>MariaDB: BACKUP STAGE START … END, BACKUP LOCK t, BACKUP UNLOCK.</summary>
    private StatementKind Backup()
    {
        if (_lexer.AcceptWord("unlock"u8)) return With(T.ReleasesBackupLock, StatementKind.Administration);
        if (_lexer.AcceptWord("stage"u8) && _lexer.AcceptWord("end"u8)) return With(T.ReleasesBackupLock, StatementKind.Administration);
        return With(T.TakesBackupLock, StatementKind.Administration);
    }

    private StatementKind Xa()
    {
        if (_lexer.AcceptWord("recover"u8) || _lexer.AcceptWord("end"u8) || _lexer.AcceptWord("prepare"u8)) return Plain(StatementKind.Xa);
        var ends = _lexer.AcceptWord("commit"u8) || _lexer.AcceptWord("rollback"u8);
        return With(ends ? T.EndsXa : T.BeginsXa, StatementKind.Xa);
    }

    private StatementKind Lock()
    {
        if (_lexer.AcceptWord("tables"u8) || _lexer.AcceptWord("table"u8)) return With(T.LocksTables, StatementKind.LockTables);
        return With(T.TakesBackupLock, StatementKind.Administration);
    }

    private StatementKind Drop()
    {
        _lexer.Next();
        if (_lexer.IsWord("user"u8) || _lexer.IsWord("role"u8)) return With(T.ChangesAccounts, StatementKind.Accounts);
        if (_lexer.IsWord("prepare"u8)) return With(T.SqlDeallocate, StatementKind.Deallocate);
        if (_lexer.IsWord("temporary"u8) || _lexer.IsWord("table"u8) || _lexer.IsWord("tables"u8) || _lexer.IsWord("sequence"u8))
        {
            _traits |= T.TouchesTables;
        }
        // DROP DATABASE of the session's own schema leaves it without one.
        if (_lexer.IsWord("database"u8) || _lexer.IsWord("schema"u8)) _traits |= T.ChangesSchema;
        return AtEnd() ? StatementKind.Ddl : Plain(StatementKind.Ddl);
    }

    private StatementKind Create()
    {
        _lexer.Next();
        if (_lexer.IsWord("or"u8) && _lexer.AcceptWord("replace"u8)) _lexer.Next();
        if (_lexer.IsWord("temporary"u8)) return With(T.CreatesTemporaryTable, StatementKind.Ddl);
        if (_lexer.IsWord("user"u8) || _lexer.IsWord("role"u8)) return With(T.ChangesAccounts, StatementKind.Accounts);
        while (!AtEnd())
        {
            if (IsRoutineWord())
            {
                _traits |= T.CreatesStoredCode;
                RoutineBody();
                return StatementKind.Ddl;
            }
            if (_lexer.IsWord("table"u8) || _lexer.IsWord("database"u8) || _lexer.IsWord("schema"u8) || _lexer.IsWord("view"u8) || _lexer.IsWord("index"u8)
                || _lexer.IsWord("sequence"u8) || _lexer.IsWord("server"u8))
            {
                return Plain(StatementKind.Ddl);
            }
            if (!_lexer.Next()) break;
        }
        return StatementKind.Ddl;
    }

    private readonly bool IsRoutineWord() =>
        _lexer.IsWord("procedure"u8) || _lexer.IsWord("function"u8) || _lexer.IsWord("trigger"u8) || _lexer.IsWord("event"u8) || _lexer.IsWord("package"u8);

    /// <summary>
    /// Goes over the definition of a routine, whose statements do not run now: semicolons inside BEGIN … END and CASE … END belong to it,
    /// and words there tell nothing.
    /// </summary>
    private void RoutineBody()
    {
        var depth = 0;
        while (_lexer.Next())
        {
            if (_lexer.IsSymbol((byte)';'))
            {
                if (depth == 0) return;
            }
            else if (_lexer.IsWord("begin"u8) || _lexer.IsWord("case"u8))
            {
                depth++;
            }
            else if (_lexer.IsWord("end"u8))
            {
                if (_lexer.AcceptWord("if"u8) || _lexer.AcceptWord("loop"u8) || _lexer.AcceptWord("while"u8) || _lexer.AcceptWord("repeat"u8)) continue;
                _lexer.AcceptWord("case"u8);
                depth = Math.Max(0, depth - 1);
            }
        }
    }

    private StatementKind Alter()
    {
        _lexer.Next();
        if (_lexer.IsWord("user"u8) || _lexer.IsWord("role"u8)) return With(T.ChangesAccounts, StatementKind.Accounts);
        while (!AtEnd() && !IsRoutineWord() && !_lexer.IsWord("table"u8))
        {
            if (!_lexer.Next()) return StatementKind.Ddl;
        }
        if (IsRoutineWord())
        {
            RoutineBody();
            return StatementKind.Ddl;
        }
        if (_lexer.IsWord("table"u8)) _traits |= T.TouchesTables;
        return AtEnd() ? StatementKind.Ddl : Plain(StatementKind.Ddl);
    }

    private StatementKind Rename()
    {
        if (_lexer.AcceptWord("user"u8)) return With(T.ChangesAccounts, StatementKind.Accounts);
        return With(T.TouchesTables, StatementKind.Ddl);
    }

    private StatementKind Reset(ReadOnlySpan<byte> word)
    {
        // RESTART ends the server like SHUTDOWN. RESET PERSIST, MASTER, QUERY CACHE leave the session alone.
        if (word.Length == 7) return With(T.Shutdown, StatementKind.Shutdown);
        return Plain(StatementKind.Administration);
    }

    private StatementKind Execute() =>
        _lexer.AcceptWord("immediate"u8) ? With(T.RunsStoredCode, StatementKind.Execute) : With(T.SqlExecute | T.RunsStoredCode, StatementKind.Execute);

    private StatementKind Load()
    {
        _lexer.Next();
        if (_lexer.IsWord("index"u8)) return Plain(StatementKind.Maintenance);
        if (!_lexer.IsWord("data"u8) && !_lexer.IsWord("xml"u8)) return With(T.NotUnderstood, StatementKind.Load);
        if (_lexer.AcceptWord("low_priority"u8) || _lexer.AcceptWord("concurrent"u8)) { }
        if (_lexer.AcceptWord("local"u8)) _traits |= T.LoadsLocalFile;
        // Columns may be read into user variables, in brackets behind the table's name.
        _traits |= T.AssignsUserVariables;
        return Plain(StatementKind.Load);
    }

    private StatementKind Handler()
    {
        while (_lexer.Next() && !AtEnd())
        {
            if (_lexer.IsWord("open"u8)) return With(T.OpensHandler, StatementKind.Handler);
            if (_lexer.IsWord("close"u8)) return With(T.ClosesHandler, StatementKind.Handler);
            if (_lexer.IsWord("read"u8)) return Plain(StatementKind.Handler);
        }
        return StatementKind.Handler;
    }

    private StatementKind Flush()
    {
        while (_lexer.Next() && !AtEnd())
        {
            if (_lexer.IsWord("privileges"u8)) _traits |= T.ChangesAccounts;
            else if (_lexer.IsWord("status"u8)) _traits |= T.ResetsCounters;
            else if (_lexer.IsWord("with"u8) && _lexer.AcceptWord("read"u8)) _traits |= T.TakesGlobalLock;
            else if (_lexer.IsWord("export"u8)) _traits |= T.TakesGlobalLock;
        }
        return StatementKind.Flush;
    }

    private StatementKind Kill()
    {
        var trait = T.KillsConnection;
        if (!_lexer.AcceptWord("hard"u8)) _lexer.AcceptWord("soft"u8);
        if (_lexer.AcceptWord("query"u8)) trait = T.KillsQuery;
        else _lexer.AcceptWord("connection"u8);
        _traits |= trait;
        if (_lexer.Next() && _lexer.Kind == SqlTokenKind.Number && System.Buffers.Text.Utf8Parser.TryParse(_lexer.Text, out ulong target, out var used)
            && used == _lexer.Length)
        {
            _killTarget = target;
            _killOffset = _lexer.Start;
            _killLength = _lexer.Length;
            if (!_lexer.Next() || AtEnd()) return StatementKind.Kill;
        }
        _traits |= T.KillsOtherwise;
        return AtEnd() ? StatementKind.Kill : Plain(StatementKind.Kill);
    }
}
