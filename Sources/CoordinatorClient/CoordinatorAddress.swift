/// Where the coordinator is: `http://127.0.0.1:7070`, `https://fuyun.example.org/some/prefix`.
public struct CoordinatorAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted.
    public let isEncrypted: Bool
    /// Name or address of the host, an IPv6 address without its brackets.
    public let host: String
    /// The URL as it was given, without a slash at its end.
    public let description: String

    /// Reads a URL.
    ///
    /// - Throws: `configuration` when it is not one with http or https, a host and at most a path.
    public init(_ text: String) throws(CoordinatorError) {
        guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }),
            text.utf8.count <= 1024, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.contains(where: { "?#\"<>\\^`{|}".contains($0) })
        else { throw Self.unreadable(text) }
        isEncrypted = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@"), let host = Self.host(in: authority) else { throw Self.unreadable(text) }
        self.host = host
        var end = text[...]
        while end.hasSuffix("/") { end = end.dropLast() }
        description = String(end)
    }

    private static func host(in authority: Substring) -> String? {
        let name: Substring
        let after: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            after = authority[authority.index(after: end)...]
            guard name.utf8.allSatisfy({ $0.isHexadecimalOrColonOrPoint }) else { return nil }
        } else {
            name = authority.prefix { $0 != ":" }
            after = authority[name.endIndex...]
        }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        if after.isEmpty { return String(name) }
        guard after.hasPrefix(":"), let port = UInt16(after.dropFirst()), port > 0 else { return nil }
        return String(name)
    }

    private static func unreadable(_ text: String) -> CoordinatorError {
        // A password may have been written into it by mistake.
        let shown = text.contains("@") ? "the coordinator's URL" : "\"\(text.prefix(200))\""
        return CoordinatorError(
            .configuration,
            "\(shown) is not a coordinator's address",
            advice: "expected http:// or https:// and a host, perhaps a port and a path: https://fuyun.example.org:7070"
        )
    }

    /// Whether the host is this machine, by its name or number.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// The URL of a path, of which each segment is encoded as one, with what is asked about it.
    func url(_ path: [String], query: [(name: String, value: String)] = []) -> String {
        var url = description
        for segment in path { url += "/" + Self.encoded(segment) }
        for (place, item) in query.enumerated() {
            url += (place == 0 ? "?" : "&") + Self.encoded(item.name) + "=" + Self.encoded(item.value)
        }
        return url
    }

    /// Percent-encodes everything but the unreserved characters of RFC 3986, section 2.3.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0" + digits : "%" + digits
            }
        }
        return result
    }
}

extension UInt8 {
    fileprivate var isHexadecimalOrColonOrPoint: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
            true
        default: false
        }
    }
}
