using Serverless.Core;
using Serverless.Host.Control.Fleet;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>A database's control as its sessions reach it by SQL.</summary>
/// <param name="passed">The way to the gateway that leads; null: this one is alone.</param>
internal sealed class SqlControl(DatabaseController controller, PassedCommands? passed) : IDatabaseControl
{
    public ControlReading? Read()
    {
        if (controller.Report is not { } report)
        {
            return null;
        }

        long now = controller.Now;
        StateView view = Kernel.View(report.State, now);
        Policy policy = report.Rules.Policy;
        return new ControlReading(
            view.PhaseName, DateTimeOffset.FromUnixTimeMilliseconds(view.Since), SizeText.Write(view.SizeMcu), view.Paused, report.Reason(view, now), $"{policy.Name} {policy.Revision}");
    }

    public IReadOnlyList<DecisionReading> ReadDecisions(int limit) =>
    [
        .. controller.History.Newest(limit).Select(one => new DecisionReading(
            DateTimeOffset.FromUnixTimeMilliseconds(one.Decision.At), one.Decision.Phase.ToString().ToLowerInvariant(),
            one.Effect is (var effect, { } size) ? $"{effect} {SizeText.Write(size)}" : one.Effect?.Name, one.Text)),
    ];

    public async Task<CommandReading> CommandAsync(OperatorCommand command, string? size, string by)
    {
        (OperatorWish? wish, string? wrong) = OperatorWish.Read(command, size);
        if (wish is null)
        {
            return new CommandReading(wrong, []);
        }

        if (controller.WhyNot(command) is { } elsewhere)
        {
            if (passed is null)
            {
                return new CommandReading(elsewhere, []);
            }

            // the session that asks is in its statement, which a suspend waits for
            PassedAnswer answer = await passed.AskAsync(command, size, by, untilDone: false, CancellationToken.None);
            return new CommandReading(answer.Error, answer.Error is null ? [.. answer.Last?.Warnings ?? []] : []);
        }

        Decision decision = await controller.TellAsync(at => wish.ToInput(at, by));
        return new CommandReading(null, [.. decision.Warnings]);
    }
}
