using System.Text.Json;
using System.Text.Json.Serialization;
using Serverless.Host.Mysql;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// Says which engine a data directory belongs to, so that one family's server is never let loose on the other's files, nor an older one on a newer one's.
/// </summary>
/// <param name="Engine">`MariaDB` or `MySQL`.</param>
/// <param name="Version">Newest version that ran on it.</param>
internal sealed record FolderMarker(string Engine, string Version)
{
    public static FolderMarker? Read(EngineFolder folder)
    {
        try
        {
            return File.Exists(folder.Marker) ? JsonSerializer.Deserialize(File.ReadAllText(folder.Marker), MarkerJson.Default.FolderMarker) : FromFiles(folder);
        }
        catch (JsonException failure)
        {
            throw new ComputeException($"{folder.Marker} was expected to say which engine the data belongs to, and cannot be read: {failure.Message} Remove it to have it found out again.", failure);
        }
    }

    public void Write(EngineFolder folder) => folder.WritePrivate(folder.Marker, JsonSerializer.Serialize(this, MarkerJson.Default.FolderMarker));

    /// <exception cref="ComputeException">This engine must not touch the data.</exception>
    public void Verify(EngineBinary binary, string data)
    {
        if (Engine != binary.FamilyName)
        {
            throw new ComputeException($"The data in {data} belongs to {Engine} {Version}, and the engine {binary.Path} is {binary.FamilyName} {binary.Version}, which would damage it. " +
                $"Name a {Engine} server in the configuration, or another data directory.");
        }
        if (System.Version.TryParse(Version, out var newest) && (newest.Major, newest.Minor).CompareTo((binary.Version.Major, binary.Version.Minor)) > 0)
        {
            throw new ComputeException($"The data in {data} was last used by {Engine} {Version}; {binary.Path} is older ({binary.Version}), and engines do not go back. Install {Engine} {newest.Major}.{newest.Minor} or newer.");
        }
    }

    /// <summary>Data that an engine made without us: told by files that only one family has.</summary>
    private static FolderMarker? FromFiles(EngineFolder folder)
    {
        if (!Directory.Exists(folder.Data)) return null;
        if (File.Exists(Path.Combine(folder.Data, "aria_log_control"))) return new FolderMarker(EngineBinary.NameOf(ServerFamily.MariaDb), "0.0");
        if (File.Exists(Path.Combine(folder.Data, "mysql.ibd"))) return new FolderMarker(EngineBinary.NameOf(ServerFamily.MySql), "0.0");
        throw new ComputeException($"{folder.Data} exists and is no data directory of MySQL 8 or MariaDB. Remove it (a new one is made), or put one there.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(FolderMarker))]
[JsonSerializable(typeof(ProcessRecord))]
[JsonSerializable(typeof(FirstAccount))]
internal sealed partial class MarkerJson : JsonSerializerContext;
