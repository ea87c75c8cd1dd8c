namespace Serverless.Host.Gateway.State;

/// <summary>A statement that the client prepared by SQL, with what it takes to prepare it again.</summary>
/// <param name="Name">In lower case: the servers do not tell names of different case apart.</param>
/// <param name="Prepare">The text of the PREPARE itself, as the client sent it.</param>
/// <param name="Text">The statement that it names, without the literal's quotes and escapes.</param>
/// <param name="Schema">The schema that was in use: names in the text were resolved in it.</param>
/// <param name="Info">What the text says.</param>
internal sealed record SqlPrepared(string Name, byte[] Prepare, byte[] Text, string? Schema, StatementInfo Info)
{
    public int Bytes => Prepare.Length + Text.Length;

    /// <summary>It could not be prepared on the session's present backend connection, since something that it names is gone: to be tried again when it is executed.</summary>
    public bool IsMissing { get; set; }
}
