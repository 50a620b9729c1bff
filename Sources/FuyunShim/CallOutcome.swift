import FuyunProtocol
import NIOCore

/// What an answer of the function means.
enum CallOutcome {
    /// How much of an answer's body is looked at, in bytes.
    static let prefixSize = 4096

    /// The outcome of an answer that came whole.
    ///
    /// OpenWhisk (`ActionResult.scala` and the runtimes): only 200 with an object without `error`, or with an array, is a
    /// success; the proxies of the runtimes answer `command exited` when the action's process died during the call. All
    /// others: 504 is a time-out, other 5xx are errors, anything else is an answer.
    static func of(status: Int, prefix: ByteBuffer, isOpenWhisk: Bool) -> EndRequest.Outcome {
        guard isOpenWhisk else { return status == 504 ? .timeout : status >= 500 ? .error : .success }
        guard status == 200 else {
            return errorText(prefix)?.contains("command exited") == true ? .crashed : status == 504 ? .timeout : .error
        }
        var outcome = EndRequest.Outcome.error
        try? JSONReader.readPrefix(prefix) { json throws(JSONError) in
            switch try json.peek() {
            case .array: outcome = .success
            case .object:
                outcome = .success
                try json.object { json, key throws(JSONError) in
                    if key == "error" { outcome = .error }
                    try json.skip()
                }
            default: break
            }
        }
        return outcome
    }

    private static func errorText(_ prefix: ByteBuffer) -> String? {
        var text: String?
        try? JSONReader.readPrefix(prefix) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                if key == "error", try json.peek() == .string { text = try json.string() } else { try json.skip() }
            }
        }
        return text
    }
}
