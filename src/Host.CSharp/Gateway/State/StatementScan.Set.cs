using T = Serverless.Host.Gateway.State.StatementTraits;

namespace Serverless.Host.Gateway.State;

/// <summary>SET in all its forms.</summary>
internal ref partial struct StatementScan
{
    private StatementKind Set()
    {
        var first = true;
        while (_lexer.Next() && !AtEnd())
        {
            if (first && SetOfOwnKind()) return StatementKind.Set;
            first = false;
            if (!Assignment()) return StatementKind.Set;
        }
        return StatementKind.Set;
    }

    /// <summary>Forms that are no list of assignments; they go to the end of the statement. The lexer stands behind SET.</summary>
    private bool SetOfOwnKind()
    {
        if (_lexer.IsWord("transaction"u8))
        {
            _traits |= T.SetsNextTransaction;
        }
        else if (_lexer.IsWord("role"u8))
        {
            _traits |= T.SetsRole;
        }
        else if (_lexer.IsWord("default"u8) || _lexer.IsWord("password"u8))
        {
            _traits |= T.ChangesAccounts;
        }
        else if (_lexer.IsWord("resource"u8))
        {
            _traits |= T.NotUnderstood;
        }
        else if (_lexer.IsWord("statement"u8) && !NextIs(SqlTokenKind.Symbol))
        {
            _traits |= T.SetStatement;
            StatementAfterFor();
            return true;
        }
        else
        {
            return false;
        }
        Rest();
        return true;
    }

    /// <summary>MariaDB's SET STATEMENT a=1, b=2 FOR statement: the statement itself counts as if it stood alone.</summary>
    private void StatementAfterFor()
    {
        var depth = 0;
        while (_lexer.Next() && !AtEnd())
        {
            if (_lexer.IsSymbol((byte)'(')) depth++;
            else if (_lexer.IsSymbol((byte)')')) depth--;
            else if (depth == 0 && _lexer.IsWord("for"u8) && _lexer.Next())
            {
                if (!AtEnd()) Statement();
                return;
            }
            else Inside();
        }
    }

    /// <summary>One assignment of the list, up to the comma behind it. False: the statement ended.</summary>
    private bool Assignment()
    {
        Target();
        var depth = 0;
        while (_lexer.Next())
        {
            if (_lexer.Kind == SqlTokenKind.Symbol)
            {
                switch (_lexer.First)
                {
                    case (byte)'(': depth++; break;
                    case (byte)')': depth--; break;
                    case (byte)',' when depth <= 0: return true;
                    case (byte)';': return false;
                }
            }
            // The first := is the assignment of SET itself; for one of a user variable the target has said so.
            else if (_lexer.Kind != SqlTokenKind.Assign || depth > 0)
            {
                Inside();
            }
        }
        return false;
    }

    private void Target()
    {
        switch (_lexer.Kind)
        {
            case SqlTokenKind.UserVariable:
                _traits |= T.UserVariables | T.AssignsUserVariables;
                return;
            case SqlTokenKind.SystemVariable:
                VariableTarget(scopeIsAt: true);
                return;
            case SqlTokenKind.QuotedName:
            case SqlTokenKind.Word:
                if (_lexer.IsWord("names"u8) || _lexer.IsWord("charset"u8) || (_lexer.IsWord("character"u8) && _lexer.AcceptWord("set"u8)))
                {
                    _traits |= T.SetsNames;
                    return;
                }
                VariableTarget(scopeIsAt: false);
                return;
            default:
                _traits |= T.NotUnderstood;
                return;
        }
    }

    /// <summary>The lexer stands on the variable's name; what follows is `= 0`, `= OFF`, or `= 'enabled=off'`.</summary>
    private readonly bool IsSwitchedOff()
    {
        var ahead = _lexer;
        return ahead.Next() && ahead.Next() && (SqlWords.Same(ahead.Text, "0"u8) || ahead.IsWord("off"u8) || ahead.IsWord("false"u8) || ahead.IsWord("default"u8)
            || (ahead.Kind == SqlTokenKind.String && SqlWords.StartsWith(ahead.Text[1..], "enabled=off"u8)));
    }

    /// <summary>The lexer stands on the variable or its scope: `@@session.x`, `SESSION x`, `@@x`, `x`; afterwards on the name.</summary>
    private void VariableTarget(bool scopeIsAt)
    {
        var global = _lexer.Kind != SqlTokenKind.QuotedName
            && (SqlWords.Same(_lexer.Text, "global"u8) || SqlWords.StartsWith(_lexer.Text, "persist"u8));
        var session = SqlWords.Same(_lexer.Text, "session"u8) || SqlWords.Same(_lexer.Text, "local"u8);
        if (scopeIsAt && (global || session)) _lexer.Accept((byte)'.');
        if (global || session) _lexer.Next();
        if (_lexer.IsWord("transaction"u8))
        {
            _traits |= global ? T.SetsGlobalVariables : T.SetsSessionVariables;
            return;
        }
        // `SESSION @@x` does not exist; a structured name (`cache.key_buffer_size`) is of global variables only.
        if (global)
        {
            _traits |= T.SetsGlobalVariables;
            return;
        }
        _traits |= T.SetsSessionVariables;
        var name = SqlNames.Inner(_lexer.Text);
        if (SqlWords.StartsWith(name, "session_track_"u8)) _traits |= T.NamesTrackers;
        else if ((SqlWords.Same(name, "profiling"u8) || SqlWords.Same(name, "optimizer_trace"u8)) && !IsSwitchedOff()) _traits |= T.RecordsStatements;
        else if (SqlVariables.IsOneShot(name)) _traits |= T.SetsOneShotVariable;
        else if (scopeIsAt && !session && SqlVariables.IsTransactionCharacteristic(name)) _traits |= T.SetsNextTransaction;
    }
}
