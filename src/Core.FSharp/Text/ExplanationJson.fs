/// An explanation as JSON, on one line.
module internal Serverless.Core.ExplanationJson

let private texts (values: string seq) = Json.List [ for value in values -> Json.Text value ]

let private standing (rule: RuleStanding) : Json =
    Json.Object
        [ "rule", Json.Text rule.Rule
          "action", Json.Text rule.Action
          "says", Json.Text rule.Says
          "seen", texts rule.Seen
          "firesAt", InputJson.optional InputJson.ms rule.FiresAt
          "if", Json.Text rule.If ]

let private next (change: NextChange) : Json =
    Json.Object [ "at", InputJson.ms change.At; "proposal", Json.Text change.Proposal; "by", texts change.By ]

let encode (explanation: Explanation) : Json =
    Json.Object
        [ "at", InputJson.ms explanation.At
          "phase", Json.Text(DecisionJson.phase explanation.Phase)
          "decision", DecisionJson.encode explanation.Decision
          "rules", Json.List(List.map standing explanation.Rules)
          "next", InputJson.optional next explanation.Next
          "lines", texts explanation.Lines ]
