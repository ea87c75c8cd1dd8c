using System.Text.Json;

namespace Serverless.Host.Compute.Local;

/// <summary>What is kept on disk of the running engine, so that a later gateway finds it again if this one is killed.</summary>
/// <param name="StartTicks">Its start as /proc gives it: the number alone may be another process's by then.</param>
internal sealed record ProcessRecord(int Pid, long StartTicks, long CpuMillicores, long MemoryBytes)
{
    public ComputeSize Size => new(CpuMillicores, MemoryBytes);

    /// <summary>Not durable: processes do not outlive a power failure either, and this is on the way of a wake.</summary>
    public void Write(EngineFolder folder) => folder.WritePrivate(folder.ProcessFile, JsonSerializer.Serialize(this, MarkerJson.Default.ProcessRecord), durable: false);

    /// <summary>Null: there is none, or none that can be read; the search through /proc stands behind it.</summary>
    public static ProcessRecord? Read(EngineFolder folder)
    {
        try
        {
            return File.Exists(folder.ProcessFile) ? JsonSerializer.Deserialize(File.ReadAllText(folder.ProcessFile), MarkerJson.Default.ProcessRecord) : null;
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
