using Serverless.Host.Mysql;

namespace Serverless.Host.Gateway.Authentication;

/// <summary>
/// The order in which an engine tries accounts: most specific host first, then a user before the anonymous one. The families differ:
/// MySQL puts addresses first and otherwise goes by the position of the first wildcard ("Access Control, Stage 1" in its manual), MariaDB
/// (10.4 and later) counts how many strings a pattern can match.
/// </summary>
internal sealed class HostOrder(ServerFamily family) : IComparer<AccountEntry>
{
    // Both engines bound a host by 255 characters; MariaDB's count needs the bound.
    private const int LongestHost = 255;

    public int Compare(AccountEntry? x, AccountEntry? y)
    {
        if (x is null || y is null) return Comparer<bool>.Default.Compare(x is null, y is null);
        var byHost = family == ServerFamily.MySql ? CompareMySql(x.Host, y.Host) : CompareMariaDb(x.Host.Text, y.Host.Text);
        return byHost != 0 ? byHost : (x.Account.User.Length == 0).CompareTo(y.Account.User.Length == 0);
    }

    private static int CompareMySql(HostPattern x, HostPattern y)
    {
        if (x.Kind != y.Kind) return x.Kind.CompareTo(y.Kind);
        if (x.Mask != y.Mask) return y.Mask.CompareTo(x.Mask);
        return FirstWildcard(y.Text).CompareTo(FirstWildcard(x.Text));
    }

    /// <summary>Position of the first wildcard counted from 1 and capped at 127; 128 for none; 0 for an empty host.</summary>
    private static int FirstWildcard(string host)
    {
        for (var i = 0; i < host.Length; i++)
        {
            if (host[i] == '\\' && i + 1 < host.Length) i++;
            else if (host[i] is '%' or '_') return Math.Min(i + 1, 127);
        }
        return host.Length == 0 ? 0 : 128;
    }

    private static int CompareMariaDb(string x, string y) => Generality(x).CompareTo(Generality(y));

    /// <summary>
    /// How general a pattern is, by the leading term of the number of strings it matches: what counts first is the longest run that the
    /// `%` can take together, or the number of `_` when that is larger; then the other figures; last the length of the literal prefix.
    /// </summary>
    private static (int Degree, int Second, int Third, int Prefix) Generality(string host)
    {
        int literals = 0, singles = 0, runs = 0, prefix = 0;
        for (var i = 0; i < host.Length; i++)
        {
            if (host[i] is '%' or '_')
            {
                if (runs == 0 && singles == 0) prefix = literals;
                if (host[i] == '_') singles++;
                else
                {
                    runs++;
                    while (i + 1 < host.Length && host[i + 1] == '%') i++;
                }
                continue;
            }
            if (host[i] == '\\' && i + 1 < host.Length) i++;
            literals++;
        }
        runs = Math.Min(runs, 31);
        singles = Math.Min(singles, 31);
        var reach = runs > 0 ? LongestHost - literals - singles : 0;
        return reach > singles ? ((reach * 2) + 1, runs, singles, prefix) : (singles * 2, reach, runs, prefix);
    }
}
