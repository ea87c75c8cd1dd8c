namespace Serverless.Host.Gateway;

/// <summary>What decides over a database, as far as its sessions may ask and command it by SQL. From any thread.</summary>
public interface IDatabaseControl
{
    /// <summary>Null: nothing has been decided yet.</summary>
    ControlReading? Read();

    /// <summary>The newest decisions, oldest of them first.</summary>
    IReadOnlyList<DecisionReading> ReadDecisions(int limit);

    /// <summary>Tells it an operator's wish. It has been taken when this ends, and not yet come about.</summary>
    /// <param name="size">As it was written; null: none was.</param>
    /// <param name="by">Who wishes it, in words.</param>
    /// <exception cref="InvalidOperationException">The database is not controlled any more.</exception>
    Task<CommandReading> CommandAsync(OperatorCommand command, string? size, string by);
}

/// <summary>An operator's wish.</summary>
public enum OperatorCommand : byte
{
    Suspend,
    Resume,
    Resize,

    /// <summary>Out of the rules' hands.</summary>
    Pause,
    Unpause,
}

/// <param name="Size">In words, like `2cu`.</param>
/// <param name="Reason">Why it is not as somebody would expect; null: it is.</param>
/// <param name="Policy">Name and revision of the policy in force.</param>
public sealed record ControlReading(string Phase, DateTimeOffset Since, string Size, bool Paused, string? Reason, string Policy);

/// <param name="Effect">What it began, with the size; null: nothing.</param>
/// <param name="Text">All of it in words.</param>
public sealed record DecisionReading(DateTimeOffset At, string Phase, string? Effect, string Text);

/// <summary>What became of a wish.</summary>
/// <param name="Wrong">What is wrong with how it was said, and nothing was done; null: nothing is.</param>
/// <param name="Warnings">What the database's decider has to say of it.</param>
public sealed record CommandReading(string? Wrong, IReadOnlyList<string> Warnings);
