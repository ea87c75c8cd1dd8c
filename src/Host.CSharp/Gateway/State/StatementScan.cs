using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>One run of the classifier over one text. The parts beside this file know SET, the rarer statements, and words inside statements.</summary>
internal ref partial struct StatementScan
{
    private SqlLexer _lexer;
    private T _traits;
    private StatementKind _firstKind;
    private ulong _killTarget;
    private int _killOffset;
    private int _killLength;

    public StatementScan(ReadOnlySpan<byte> sql, in SqlDialect dialect)
    {
        _lexer = new SqlLexer(sql, dialect);
        if (dialect.ForeignGrammar || dialect.TreacherousCharacterSet) _traits = T.NotUnderstood;
    }

    public StatementInfo Run()
    {
        var statements = 0;
        while (true)
        {
            var ended = !_lexer.Next();
            while (!ended && _lexer.IsSymbol((byte)';')) ended = !_lexer.Next();
            if (ended) break;
            var kind = Statement();
            if (++statements == 1) _firstKind = kind;
            else _traits |= T.MultiStatement;
        }
        if (statements == 0) _firstKind = StatementKind.Empty;
        if (_lexer.Unterminated) _traits |= T.Unterminated;
        if (_lexer.MetExecutableComment) _traits |= T.ExecutableComment;
        return new StatementInfo(_firstKind, _traits, _killTarget, _killOffset, _killLength);
    }

    /// <summary>The lexer stands on the first token of a statement; afterwards on the semicolon behind it, or at the end.</summary>
    private StatementKind Statement()
    {
        while (_lexer.IsSymbol((byte)'('))
        {
            // A parenthesised query.
            if (!_lexer.Next()) return StatementKind.Unknown;
        }
        var kind = StatementKind.Unknown;
        if (_lexer.Kind == SqlTokenKind.Word) kind = FirstWord(_lexer.Text);
        if (kind == StatementKind.Unknown)
        {
            _traits |= T.NotUnderstood;
            Rest();
        }
        return kind;
    }

    /// <summary>Goes to the end of the statement, noting what the words on the way say.</summary>
    private void Rest()
    {
        while (_lexer.NextTelling(TellingLengths, TellingFirsts))
        {
            if (_lexer.Kind == SqlTokenKind.Symbol) return;
            Inside();
        }
    }

    private StatementKind Plain(StatementKind kind)
    {
        Rest();
        return kind;
    }

    private StatementKind With(T traits, StatementKind kind)
    {
        _traits |= traits;
        Rest();
        return kind;
    }

    /// <summary>The lexer is at the end of the statement without having gone over it.</summary>
    private readonly bool AtEnd() => _lexer.Kind == SqlTokenKind.End || _lexer.IsSymbol((byte)';');

    private StatementKind FirstWord(ReadOnlySpan<byte> word)
    {
        switch (word[0] | 0x20)
        {
            case 's':
                if (SqlWords.Same(word, "select"u8)) return Plain(StatementKind.Select);
                if (SqlWords.Same(word, "set"u8)) return Set();
                if (SqlWords.Same(word, "show"u8)) return Show();
                if (SqlWords.Same(word, "start"u8)) return Start();
                if (SqlWords.Same(word, "savepoint"u8)) return With(T.UsesSavepoint, StatementKind.Savepoint);
                if (SqlWords.Same(word, "shutdown"u8)) return With(T.Shutdown, StatementKind.Shutdown);
                if (SqlWords.Same(word, "signal"u8)) return Plain(StatementKind.Diagnostics);
                if (SqlWords.Same(word, "stop"u8)) return Plain(StatementKind.Administration);
                break;
            case 'i':
                if (SqlWords.Same(word, "insert"u8)) return Plain(StatementKind.Insert);
                if (SqlWords.Same(word, "if"u8)) return Block();
                if (SqlWords.Same(word, "install"u8)) return Plain(StatementKind.Administration);
                if (SqlWords.Same(word, "import"u8)) return Plain(StatementKind.Ddl);
                break;
            case 'u':
                if (SqlWords.Same(word, "update"u8)) return Plain(StatementKind.Update);
                if (SqlWords.Same(word, "use"u8)) return With(T.ChangesSchema, StatementKind.Use);
                if (SqlWords.Same(word, "unlock"u8)) return Unlock();
                if (SqlWords.Same(word, "uninstall"u8)) return Plain(StatementKind.Administration);
                break;
            case 'd':
                if (SqlWords.Same(word, "delete"u8)) return Plain(StatementKind.Delete);
                if (SqlWords.Same(word, "do"u8)) return Plain(StatementKind.Do);
                if (SqlWords.Same(word, "describe"u8) || SqlWords.Same(word, "desc"u8)) return Plain(StatementKind.Describe);
                if (SqlWords.Same(word, "drop"u8)) return Drop();
                if (SqlWords.Same(word, "deallocate"u8)) return With(T.SqlDeallocate, StatementKind.Deallocate);
                break;
            case 'b':
                if (SqlWords.Same(word, "begin"u8)) return Begin();
                if (SqlWords.Same(word, "backup"u8)) return Backup();
                if (SqlWords.Same(word, "binlog"u8)) return With(T.NotUnderstood, StatementKind.Administration);
                break;
            case 'c':
                if (SqlWords.Same(word, "commit"u8)) return With(T.EndsTransaction, StatementKind.Commit);
                if (SqlWords.Same(word, "create"u8)) return Create();
                if (SqlWords.Same(word, "call"u8)) return With(T.RunsStoredCode, StatementKind.Call);
                if (SqlWords.Same(word, "change"u8) || SqlWords.Same(word, "clone"u8)) return Plain(StatementKind.Administration);
                if (SqlWords.Same(word, "check"u8) || SqlWords.Same(word, "checksum"u8) || SqlWords.Same(word, "cache"u8)) return Plain(StatementKind.Maintenance);
                if (SqlWords.Same(word, "case"u8)) return Block();
                break;
            case 'r':
                if (SqlWords.Same(word, "rollback"u8)) return With(T.EndsTransaction, StatementKind.Rollback);
                if (SqlWords.Same(word, "replace"u8)) return Plain(StatementKind.Replace);
                if (SqlWords.Same(word, "release"u8)) return With(T.UsesSavepoint, StatementKind.Savepoint);
                if (SqlWords.Same(word, "revoke"u8)) return With(T.ChangesAccounts, StatementKind.Accounts);
                if (SqlWords.Same(word, "rename"u8)) return Rename();
                if (SqlWords.Same(word, "resignal"u8)) return Plain(StatementKind.Diagnostics);
                if (SqlWords.Same(word, "repair"u8)) return Plain(StatementKind.Maintenance);
                if (SqlWords.Same(word, "reset"u8) || SqlWords.Same(word, "restart"u8)) return Reset(word);
                if (SqlWords.Same(word, "repeat"u8)) return Block();
                break;
            case 'w':
                if (SqlWords.Same(word, "with"u8)) return Plain(StatementKind.Select);
                if (SqlWords.Same(word, "while"u8)) return Block();
                break;
            case 'v':
                if (SqlWords.Same(word, "values"u8)) return Plain(StatementKind.Select);
                break;
            case 't':
                if (SqlWords.Same(word, "table"u8)) return Plain(StatementKind.Select);
                if (SqlWords.Same(word, "truncate"u8)) return Plain(StatementKind.Ddl);
                break;
            case 'a':
                if (SqlWords.Same(word, "alter"u8)) return Alter();
                if (SqlWords.Same(word, "analyze"u8)) return Plain(StatementKind.Maintenance);
                break;
            case 'e':
                if (SqlWords.Same(word, "explain"u8)) return Plain(StatementKind.Describe);
                if (SqlWords.Same(word, "execute"u8)) return Execute();
                break;
            case 'p':
                if (SqlWords.Same(word, "prepare"u8)) return With(T.SqlPrepare, StatementKind.Prepare);
                if (SqlWords.Same(word, "purge"u8)) return Plain(StatementKind.Administration);
                break;
            case 'l':
                if (SqlWords.Same(word, "lock"u8)) return Lock();
                if (SqlWords.Same(word, "load"u8)) return Load();
                if (SqlWords.Same(word, "loop"u8)) return Block();
                break;
            case 'h':
                if (SqlWords.Same(word, "handler"u8)) return Handler();
                if (SqlWords.Same(word, "help"u8)) return Plain(StatementKind.Show);
                break;
            case 'x':
                if (SqlWords.Same(word, "xa"u8)) return Xa();
                break;
            case 'k':
                if (SqlWords.Same(word, "kill"u8)) return Kill();
                break;
            case 'g':
                if (SqlWords.Same(word, "grant"u8)) return With(T.ChangesAccounts, StatementKind.Accounts);
                if (SqlWords.Same(word, "get"u8)) return With(T.ReadsDiagnostics, StatementKind.Diagnostics);
                break;
            case 'f':
                if (SqlWords.Same(word, "flush"u8)) return Flush();
                if (SqlWords.Same(word, "for"u8)) return Block();
                break;
            case 'o':
                if (SqlWords.Same(word, "optimize"u8)) return Plain(StatementKind.Maintenance);
                break;
        }
        return StatementKind.Unknown;
    }
}
