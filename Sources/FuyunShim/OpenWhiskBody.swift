import FuyunProtocol
import NIOCore

/// What OpenWhisk says of a call in the body of `POST /run`.
///
/// Source of the fields: apache/openwhisk, ContainerProxy.scala, `initializeAndRun`. The parameters are in `value`, which
/// is passed over. The body's end may be missing; what stands before it is read.
struct OpenWhiskRun: Hashable {
    var function: String?
    var activation: String?
    var deadline: Deadline?

    /// Reads a body.
    ///
    /// Nil when `strict` and the body is no such call.
    init?(_ body: ByteBuffer, strict: Bool) {
        var action: String?
        var namespace: String?
        var hasValue = false
        // A failure ends the reading; it is not one of the call.
        try? JSONReader.readPrefix(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                switch key {
                case "value": hasValue = true
                default: break
                }
                switch (key, try json.peek()) {
                case ("action_name", .string): action = try json.string()
                case ("namespace", .string): namespace = try json.string()
                case ("activation_id", .string):
                    let id = try json.string()
                    activation = BeginRequest.isActivation(id) ? id : nil
                case ("deadline", .string): deadline = Deadline(try json.string())
                case ("deadline", .number): deadline = Deadline(nanosecondsSinceEpoch: try json.nanoseconds())
                default: try json.skip()
                }
            }
        }
        if strict, !hasValue || action == nil && activation == nil { return nil }
        function = action.flatMap { CallNaming.name($0, in: namespace) }
    }
}

/// What OpenWhisk says of a function in the body of `POST /init`.
struct OpenWhiskInitialization: Hashable {
    var function: String?

    /// Reads a body.
    ///
    /// Nil when `strict` and the body is no such request.
    init?(_ body: ByteBuffer, strict: Bool) {
        var name: String?
        var action: String?
        var namespace: String?
        var isInitialization = false
        try? JSONReader.readPrefix(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                guard key == "value", try json.peek() == .object else { return try json.skip() }
                try json.object { json, key throws(JSONError) in
                    if ["name", "main", "code", "binary", "env"].contains(key) { isInitialization = true }
                    switch (key, try json.peek()) {
                    case ("name", .string): name = try json.string()
                    case ("env", .object):
                        try json.object { json, key throws(JSONError) in
                            switch (key, try json.peek()) {
                            case ("__OW_ACTION_NAME", .string): action = try json.string()
                            case ("__OW_NAMESPACE", .string): namespace = try json.string()
                            default: try json.skip()
                            }
                        }
                    default: try json.skip()
                    }
                }
            }
        }
        if strict, !isInitialization { return nil }
        function = (action ?? name).flatMap { CallNaming.name($0, in: namespace) }
    }
}

extension JSONReader {
    /// Reads milliseconds since 1970 as nanoseconds.
    fileprivate mutating func nanoseconds() throws(JSONError) -> Int64 {
        let start = offset
        let milliseconds = try number()
        guard (0...9e12).contains(milliseconds) else {
            throw JSONError(.outOfRange, "milliseconds since 1970", at: start)
        }
        return Int64(milliseconds * 1e6)
    }
}
