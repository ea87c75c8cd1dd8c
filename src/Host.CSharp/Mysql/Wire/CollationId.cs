namespace Serverless.Host.Mysql;

/// <summary>Collation ids that the gateway itself uses. The others come from the engine (<see cref="ServerProfile.Collations"/>).</summary>
public static class CollationId
{
    public const byte Latin1SwedishCi = 8;
    public const byte Utf8Mb3GeneralCi = 33;
    public const byte Utf8Mb4GeneralCi = 45;
    public const byte Binary = 63;
    /// <summary>MySQL 8 and later only.</summary>
    public const byte Utf8Mb40900AiCi = 255;
}
