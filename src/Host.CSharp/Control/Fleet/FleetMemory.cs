using System.IO.Compression;
using System.Text.Json;
using Serverless.Host.Compute.Kubernetes.Api;
using Serverless.Host.Compute.Kubernetes.Fleet;
using Serverless.Host.Gateway.Authentication;

namespace Serverless.Host.Control.Fleet;

/// <summary>In a Secret, where every gateway of the fleet finds it, packed: the server's variables and collations are a tenth then.</summary>
/// <param name="uid">Of the StatefulSet as it was heard of last; null: it was not yet.</param>
internal sealed class FleetMemory(EngineSecrets secrets, ObjectName set, Func<string?> uid) : ISharedMemory
{
    /// <summary>Bytes, unpacked: a hundred times what a server has to say.</summary>
    private const int Most = 16 << 20;

    public string Place => $"Secret {secrets.NameOf(set)}";

    public async Task<EngineMemory?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return uid() is { } of && await secrets.ReadAsync(set, of, cancellation) is { } packed ? Unpack(packed) : null;
        }
        catch (ApiException e)
        {
            throw new IOException(e.Message, e);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or NotSupportedException)
        {
            throw new IOException($"{Place} holds what cannot be understood under {EngineSecrets.Key}: {e.Message} Delete it: it is written anew when the database runs", e);
        }
    }

    public async Task WriteAsync(EngineMemory memory, CancellationToken cancellation)
    {
        if (uid() is not { } of)
        {
            throw new IOException($"its StatefulSet {set} has not been heard of");
        }

        try
        {
            await secrets.WriteAsync(set, of, Pack(memory), kept => IsSame(kept, memory), cancellation);
        }
        catch (ApiException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static bool IsSame(byte[] packed, EngineMemory memory)
    {
        try
        {
            return EngineMemoryKeeper.WhatChanged(Unpack(packed), memory) is null;
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or NotSupportedException)
        {
            return false;
        }
    }

    private static byte[] Pack(EngineMemory memory)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            zip.Write(StoredEngine.ToJson(memory));
        }

        return packed.ToArray();
    }

    /// <exception cref="InvalidDataException">It is no such thing.</exception>
    /// <exception cref="JsonException">Nor is what was packed.</exception>
    private static EngineMemory Unpack(byte[] packed)
    {
        using var zip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var json = new MemoryStream();
        byte[] part = new byte[32 << 10];
        for (int length; (length = zip.Read(part)) > 0;)
        {
            if (json.Length + length > Most)
            {
                throw new InvalidDataException($"unpacked it is more than {Most >> 20} MiB.");
            }

            json.Write(part.AsSpan(0, length));
        }

        return StoredEngine.FromJson(json.GetBuffer().AsSpan(0, (int)json.Length));
    }
}
