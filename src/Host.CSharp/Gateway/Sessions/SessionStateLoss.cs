using Serverless.Host.Gateway.State;

namespace Serverless.Host.Gateway.Sessions;

internal static class SessionStateLoss
{
    /// <summary>
    /// The backend connection is gone without its state having been read. The schema and the session variables are known from the trackers and stay; transaction,
    /// locks, temporary tables and the values of user variables are gone.
    /// </summary>
    public static void LoseBackend(this SessionState state)
    {
        state.Pins = default;
        state.ForgetUserVariables();
        state.LastStatement = null;
        state.SetStatusFlag((ushort)Mysql.ServerStatus.InTransaction | (ushort)Mysql.ServerStatus.InReadOnlyTransaction, on: false);
    }
}
