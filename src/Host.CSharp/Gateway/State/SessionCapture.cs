using System.Text;

namespace Serverless.Host.Gateway.State;

/// <summary>Reads back, before a session leaves its backend connection, what must survive and is not known from what the relay saw.</summary>
public static class SessionCapture
{
    internal const int AnswerLimit = 4 << 20;

    /// <summary>
    /// Fills <paramref name="state"/> so that <see cref="SessionRestore"/> can make it again. The backend is left as it was, so that a session whose
    /// detaching is called off goes on with it. Throws what <paramref name="backend"/> throws when the connection breaks.
    /// </summary>
    public static async ValueTask<CaptureResult> CaptureAsync(
        SessionState state, ServerCatalogue catalogue, IBackendQuery backend, CancellationToken cancellation)
    {
        if (state.Pin is { } pin) return new CaptureResult(pin);
        if (state.UserVariables is not null) return new CaptureResult(new PinReason(PinCauses.UserVariables, "user variables"));
        var query = new SqlText().Add("SELECT FOUND_ROWS(),LAST_INSERT_ID(),DATABASE()");
        var names = state.Variables is null ? [] : state.Variables.Names.ToArray();
        foreach (var name in names) query.Add(",@@session.").Name(name);
        query.Add(" LIMIT 1");
        var results = await backend.QueryAsync([query.Bytes], AnswerLimit, cancellation);
        var answer = results[0];
        if (answer.Failed || answer.Rows.Count != 1)
            return new CaptureResult(new PinReason(PinCauses.SessionVariable, "its state cannot be read: " + answer.ErrorMessage));
        var row = answer.Rows[0];
        state.LastInsertId = ulong.Parse(Encoding.ASCII.GetString(row[1] ?? "0"u8.ToArray()), System.Globalization.CultureInfo.InvariantCulture);
        state.Schema = row[2] is { } schema ? Encoding.UTF8.GetString(schema) : null;
        for (var i = 0; i < names.Length; i++) state.ChangeVariables().Set(names[i], new SessionValue(row[3 + i], IsNumeric(answer.Columns[3 + i].Type)));
        return new CaptureResult(null);
    }

    private static bool IsNumeric(byte type) => type is 1 or 2 or 3 or 4 or 5 or 8 or 9 or 0 or 246;
}
