/// The first law: no suspend while a statement runs or is held, a transaction is open, or a session has state that cannot be
/// restored, save what the drain says in so many words that it gives up on. An unknown peer counts as active.
module internal Serverless.Core.Guard

let private count (number: int) (one: string) (many: string) = if number = 1 then $"1 {one}" else $"{number} {many}"

/// Given up on once idle for as long as the rule says: until when it stands in the way.
let private idle (what: string) (number: int) (idleAt: int64<ms>) (state: State) (now: int64<ms>) (limit: int64<ms> option) =
    match limit with
    | _ when number = 0 -> ValueNone
    | Some limit when idleAt + (now - state.ActivityAt) >= limit -> ValueNone
    | Some limit ->
        let reason = $"{what}, idle {Words.duration (idleAt + (now - state.ActivityAt))} of {Words.duration limit}"
        ValueSome(struct (reason, ValueSome(state.ActivityAt + limit - idleAt)))
    | None -> ValueSome(struct (what, ValueNone))

let private always (what: string) (number: int) =
    if number = 0 then ValueNone else ValueSome(struct (what, ValueNone))

/// What stands in the way of this drain, and until when where it ends by itself. Statements held do not stop an operator's drain.
let obstacles (state: State) (now: int64<ms>) (drain: Drain) : struct (string * int64<ms> voption) list =
    let activity = state.Activity

    [ always (count activity.Running "statement runs" "statements run") activity.Running
      always (count activity.Held "statement is held" "statements are held") (if drain.ByOperator then 0 else activity.Held)
      idle (count activity.Transactions "transaction is open" "transactions are open") activity.Transactions activity.TransactionsIdle state now drain.Breaking.Transactions
      idle (count activity.Pinned "session is pinned" "sessions are pinned") activity.Pinned activity.PinnedIdle state now drain.Breaking.PinnedSessions
      always (count activity.UnknownPeers "peer has not been heard of" "peers have not been heard of") activity.UnknownPeers ]
    |> List.choose ValueOption.toOption
