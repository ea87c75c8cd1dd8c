using Serverless.Host.Gateway.Sessions;

namespace Serverless.Tests.Integration.Sessions;

/// <summary>What a session keeps of its prepared statements is bounded.</summary>
public sealed class PreparedStatementsTests
{
    [Test]
    public void TypesBeyondTheBound_AreNotKept_AndTheirStatementCannotMove()
    {
        var prepared = new PreparedStatements();
        var large = prepared.Add("SELECT ?"u8, whole: true, default, schema: null);
        var small = prepared.Add("SELECT ?"u8, whole: true, default, schema: null);
        prepared.KeepTypes(small, new byte[2]);
        prepared.KeepTypes(large, new byte[PreparedStatements.MostTypeBytes]);
        Assert.That((prepared.Unkept, large.Types.Length, small.Types.Length), Is.EqualTo((1, 0, 2)));
        prepared.KeepTypes(large, new byte[PreparedStatements.MostTypeBytes - 2]);
        Assert.That((prepared.Unkept, large.Types.Length), Is.EqualTo((0, PreparedStatements.MostTypeBytes - 2)));
        prepared.Remove(large);
        prepared.KeepTypes(small, new byte[PreparedStatements.MostTypeBytes]);
        Assert.That((prepared.Unkept, small.Types.Length), Is.EqualTo((0, PreparedStatements.MostTypeBytes)));
    }

    [Test]
    public void TypesOfAStatementWhoseTextIsNotKept_AreNotKeptEither()
    {
        var prepared = new PreparedStatements();
        var statement = prepared.Add(new byte[PreparedStatements.MostTextBytes + 1], whole: true, default, schema: null);
        prepared.KeepTypes(statement, new byte[2]);
        Assert.That((prepared.Unkept, statement.Types.Length), Is.EqualTo((1, 0)));
        prepared.Remove(statement);
        Assert.That(prepared.Unkept, Is.Zero);
    }
}
