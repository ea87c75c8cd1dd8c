using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Routing;

/// <summary>The database that a client means, and its user's name within it; or why it cannot be told.</summary>
internal readonly record struct RouteChoice(DatabaseRoute? Route, string User, ErrPacket? Refusal)
{
    public RouteChoice(DatabaseRoute route, string user) : this(route, user, Refusal: null)
    {
    }

    public RouteChoice(ErrPacket refusal) : this(Route: null, "", refusal)
    {
    }
}
