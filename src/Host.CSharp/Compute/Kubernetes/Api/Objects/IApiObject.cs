namespace Serverless.Host.Compute.Kubernetes.Api.Objects;

/// <summary>What every object of the API has. Of each kind only the fields that are used here are known; the others are skipped.</summary>
internal interface IApiObject
{
    ObjectMeta Metadata { get; }
}
