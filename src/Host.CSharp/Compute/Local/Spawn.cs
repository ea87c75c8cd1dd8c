using System.Runtime.InteropServices;
using System.Text;

namespace Serverless.Host.Compute.Local;

/// <summary>
/// Starts a process in a session of its own, so that Ctrl-C at the gateway's terminal does not reach it, with no input, its output
/// appended to a file, and none of our descriptors. It is a child, but is meant to outlive a gateway that is killed.
/// </summary>
internal static unsafe class Spawn
{
    // Larger than the C library's structures (336 and 80 bytes in glibc on 64 bits), whose sizes are no part of its interface.
    private const int StructureRoom = 1024;

    /// <returns>The process's number.</returns>
    /// <exception cref="ComputeException">It cannot be started.</exception>
    public static int Start(string path, IEnumerable<string> arguments, string outputFile)
    {
        var attributes = stackalloc byte[StructureRoom];
        var actions = stackalloc byte[StructureRoom];
        var argumentList = NativeStrings([path, .. arguments]);
        var environment = NativeStrings([.. EngineEnvironment.Variables.Select(variable => $"{variable.Name}={variable.Value}")]);
        _ = SystemCalls.posix_spawnattr_init(attributes);
        _ = SystemCalls.posix_spawn_file_actions_init(actions);
        try
        {
            SetAttributes(attributes);
            _ = SystemCalls.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", SystemCalls.OpenReadOnly, 0);
            _ = SystemCalls.posix_spawn_file_actions_addopen(actions, 1, outputFile, SystemCalls.OpenAppend, 0x180);
            _ = SystemCalls.posix_spawn_file_actions_adddup2(actions, 1, 2);
            AddCloseFrom(actions);
            int pid;
            var error = SystemCalls.posix_spawn(&pid, path, actions, attributes, argumentList, environment);
            if (error != 0) throw new ComputeException($"The engine {path} cannot be started: {Marshal.GetPInvokeErrorMessage(error)}");
            return pid;
        }
        finally
        {
            _ = SystemCalls.posix_spawn_file_actions_destroy(actions);
            _ = SystemCalls.posix_spawnattr_destroy(attributes);
            Free(argumentList);
            Free(environment);
        }
    }

    private static void SetAttributes(byte* attributes)
    {
        const int setSize = 128;
        var signals = stackalloc byte[setSize];
        new Span<byte>(signals, setSize).Clear();
        _ = SystemCalls.posix_spawnattr_setsigmask(attributes, signals);
        // The runtime ignores SIGPIPE, and what is ignored is inherited.
        new Span<byte>(signals, setSize).Fill(0xff);
        _ = SystemCalls.posix_spawnattr_setsigdefault(attributes, signals);
        _ = SystemCalls.posix_spawnattr_setflags(attributes, SystemCalls.SpawnSetSid | SystemCalls.SpawnSetSigDefault | SystemCalls.SpawnSetSigMask);
    }

    private static void AddCloseFrom(byte* actions)
    {
        try
        {
            _ = SystemCalls.posix_spawn_file_actions_addclosefrom_np(actions, 3);
        }
        catch (EntryPointNotFoundException)
        {
            // A C library before glibc 2.34: our descriptors are opened close-on-exec, this was the second lock on that door.
        }
    }

    private static byte** NativeStrings(List<string> strings)
    {
        var list = (byte**)NativeMemory.AllocZeroed((nuint)(strings.Count + 1), (nuint)sizeof(byte*));
        for (var i = 0; i < strings.Count; i++)
        {
            var bytes = Encoding.UTF8.GetBytes(strings[i]);
            list[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(list[i], bytes.Length));
        }
        return list;
    }

    private static void Free(byte** list)
    {
        for (var entry = list; *entry is not null; entry++) NativeMemory.Free(*entry);
        NativeMemory.Free(list);
    }
}
