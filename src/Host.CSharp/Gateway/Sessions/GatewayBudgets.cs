using Serverless.Host.Gateway.Listening;

namespace Serverless.Host.Gateway.Sessions;

/// <summary>Bounds that all databases of a gateway share.</summary>
internal sealed class GatewayBudgets(GatewayOptions options, DescriptorBudget descriptors)
{
    public DescriptorBudget Descriptors { get; } = descriptors;

    public HoldBudget Held { get; } = new(options.HoldInAll);

    public HoldBudget LongCommands { get; } = new(new HoldLimits(int.MaxValue, options.LongCommandBytes, TimeSpan.MaxValue));
}
