import FuyunProtocol

/// The target of a request: the path's segments and the query's parameters, percent-decoded.
struct RequestTarget: Sendable, Equatable {
    /// The longest target, in bytes.
    static let maximumLength = 4096

    /// The segments of the path; a `%2F` within one is part of it.
    var segments: [String]
    /// The parameters, the first of equal names.
    var query: [String: String]

    /// Reads a target.
    ///
    /// - Throws: `bad_request` for one that is too long or not well encoded.
    init(_ text: String) throws(ErrorAnswer) {
        guard text.utf8.count <= Self.maximumLength else {
            throw ErrorAnswer(.badRequest, "the target is longer than \(Self.maximumLength) bytes")
        }
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = parts.first, path.hasPrefix("/") else {
            throw ErrorAnswer(.badRequest, "expected a path that begins with /")
        }
        segments = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            segments.append(try Self.decode(segment, plusIsSpace: false))
        }
        query = [:]
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let words = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decode(words[0], plusIsSpace: true)
            let value = words.count == 2 ? try Self.decode(words[1], plusIsSpace: true) : ""
            if query[name] == nil { query[name] = value }
        }
    }

    private static func decode(_ text: Substring, plusIsSpace: Bool) throws(ErrorAnswer) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
                else {
                    throw ErrorAnswer(
                        .badRequest,
                        "the target is not percent-encoded well: two hexadecimal digits follow %"
                    )
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw ErrorAnswer(.badRequest, "the target is no UTF-8 text")
        }
        return decoded
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// A whole number out of the query; nil when it is not there.
    func whole(_ name: String, in range: ClosedRange<Int64>) throws(ErrorAnswer) -> Int64? {
        guard let text = query[name] else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw ErrorAnswer(
                .badRequest,
                "query parameter \(name): expected a whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    /// How many elements a page shall have.
    func limit() throws(ErrorAnswer) -> Int {
        Int(try whole("limit", in: 1...Int64(CoordinatorAPI.maximumPage)) ?? 100)
    }

    /// `true` or `false` out of the query; false when it is not there.
    func flag(_ name: String) throws(ErrorAnswer) -> Bool {
        switch query[name] {
        case nil, "false": return false
        case "true": return true
        default: throw ErrorAnswer(.badRequest, "query parameter \(name): expected true or false")
        }
    }
}
