import FuyunPolicy
import FuyunProtocol
import NIOCore

/// Reads the agent's answers.
///
/// Keys that this version does not know are passed over, and those that are missing shown as unknown, so that the
/// command line and the agent need not be of the same version.
enum AgentAnswer {
    /// A whole document.
    static func document(_ body: ByteBuffer) throws(CommandFailure) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONDocument.parse(Array(body.readableBytesView)).root
        } catch {
            throw notUnderstood("\(error)")
        }
    }

    /// The elements of one list of an object, each a document of its own: a list may be longer than a document may be.
    static func list(_ key: String, of body: ByteBuffer) throws(CommandFailure) -> [JSONValue] {
        var slices: [ByteBuffer] = []
        do throws(JSONError) {
            try JSONReader.read(body) { json throws(JSONError) in
                try json.object { json, name throws(JSONError) in
                    guard name == key else { return try json.skip() }
                    try json.array { json throws(JSONError) in
                        _ = try json.peek()
                        let start = json.offset
                        try json.skip()
                        if let slice = body.getSlice(at: body.readerIndex + start, length: json.offset - start) {
                            slices.append(slice)
                        }
                    }
                }
            }
        } catch {
            throw notUnderstood("\(error)")
        }
        var elements: [JSONValue] = []
        for slice in slices { elements.append(try document(slice)) }
        return elements
    }

    private static func notUnderstood(_ reason: String) -> CommandFailure {
        CommandFailure(
            "the agent's answer is not understood: \(reason)\nAre fuyun and fuyun-agent of the same version?"
        )
    }
}
