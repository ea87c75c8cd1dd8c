using System.Diagnostics;
using Serverless.Core;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>What an operator asks for, read from words.</summary>
internal sealed record OperatorWish
{
    private OperatorWish(OperatorCommand command, long? size) => (Command, Size) = (command, size);

    private OperatorCommand Command { get; }

    /// <summary>Thousandths of a compute unit.</summary>
    private long? Size { get; }

    /// <returns>The wish, or what is wrong with how it was said.</returns>
    public static (OperatorWish? Wish, string? Wrong) Read(OperatorCommand command, string? size)
    {
        if (size is not null && command is not (OperatorCommand.Resume or OperatorCommand.Resize))
        {
            return (null, $"size: {command.ToString().ToLowerInvariant()} takes none");
        }

        long? units = size is null ? null : SizeText.Parse(size);
        return units is null && (size is not null || command == OperatorCommand.Resize)
            ? (null, $"size: expected compute units like 2cu or 0.5cu, found {(string.IsNullOrEmpty(size) ? "none" : $"`{size}`")}")
            : (new OperatorWish(command, units), null);
    }

    public Input ToInput(long at, string by) => Command switch
    {
        OperatorCommand.Suspend => Inputs.Suspend(at, by),
        OperatorCommand.Resume => Inputs.Resume(at, Size, by),
        OperatorCommand.Resize => Inputs.Resize(at, Size!.Value, by),
        OperatorCommand.Pause => Inputs.Pause(at, by),
        OperatorCommand.Unpause => Inputs.Unpause(at, by),
        _ => throw new UnreachableException(),
    };
}
