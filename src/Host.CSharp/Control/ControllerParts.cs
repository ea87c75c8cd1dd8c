using Serverless.Host.Compute;
using Serverless.Host.Control.Audit;
using Serverless.Host.Control.Measuring;
using Serverless.Host.Gateway;

namespace Serverless.Host.Control;

/// <summary>What a controller works with.</summary>
/// <param name="Shadow">Nothing is carried out but a resume.</param>
/// <param name="Leading">Which of several gateways carries out what is decided; null: this one is alone.</param>
internal sealed record ControllerParts(
    IGatewayDatabase Gateway, ICompute Compute, EngineMemoryKeeper Memory, EffectRunner Runner, UsageMeter Usage, UserMeter UserMetrics, StateKeeper Keeper, AuditLog Audit,
    TimeProvider Time, bool Shadow, ILeading? Leading = null);
