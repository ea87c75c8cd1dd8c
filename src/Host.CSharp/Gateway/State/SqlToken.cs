namespace Serverless.Host.Gateway.State;

/// <summary>The kinds of token that matter to the classifier.</summary>
public enum SqlTokenKind : byte
{
    End,

    /// <summary>An unquoted word: keyword or name.</summary>
    Word,

    /// <summary>A name in backticks (or in double quotes under ANSI_QUOTES).</summary>
    QuotedName,

    /// <summary>A string in single or double quotes.</summary>
    String,

    /// <summary>A number, in any notation that begins with a digit.</summary>
    Number,

    /// <summary>`@name`, `@'name'`: a user variable. The token's text is the name with its quotes, without the at sign.</summary>
    UserVariable,

    /// <summary>`@@name`; the token's text begins after the at signs. Scope (`session.`) follows as tokens of its own when it is spelled.</summary>
    SystemVariable,

    /// <summary>`:=`.</summary>
    Assign,

    /// <summary>Any other byte.</summary>
    Symbol,
}
