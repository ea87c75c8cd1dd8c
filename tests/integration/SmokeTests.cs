namespace Serverless.Tests.Integration;

public sealed class SmokeTests
{
    [NUnit.Framework.Test]
    public void Placeholder() => NUnit.Framework.Assert.That(1, NUnit.Framework.Is.EqualTo(1));
}
