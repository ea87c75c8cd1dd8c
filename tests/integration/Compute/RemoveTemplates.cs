namespace Serverless.Tests.Integration.Compute;

/// <summary>After the last test of this name space.</summary>
[SetUpFixture]
internal sealed class RemoveTemplates
{
    [OneTimeTearDown]
    public void Remove() => TestEngine.RemoveTemplates();
}
