/// Where a chat-completions endpoint is: `https://api.openai.com/v1`, `http://127.0.0.1:11434`.
public struct ModelEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// A URL that is none, with what was expected.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence for an operator.
        public var description: String
    }

    /// Whether the connection is encrypted.
    public let isEncrypted: Bool
    /// Name or address of the host, an IPv6 address without its brackets.
    public let host: String
    /// The URL as it was given, without a slash at its end.
    public let description: String
    /// The URL that questions go to.
    public let completions: String

    /// Reads a base URL as clients of this protocol are given it: with or without its version (`/v1`), or whole, down to
    /// `/chat/completions`.
    public init(_ text: String) throws(Malformed) {
        guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }),
            text.utf8.count <= 1024, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            !text.contains(where: { "?#\"<>\\^`{|}".contains($0) })
        else { throw Self.malformed(text) }
        isEncrypted = scheme == "https://"
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@"), let host = Self.host(in: authority) else { throw Self.malformed(text) }
        self.host = host
        var base = text[...]
        while base.hasSuffix("/") { base = base.dropLast() }
        description = String(base)
        let segments = base.dropFirst(scheme.count + authority.count).split(separator: "/")
        if segments.suffix(2) == ["chat", "completions"] {
            completions = description
        } else if segments.contains(where: Self.isVersion) {
            completions = description + "/chat/completions"
        } else {
            completions = description + "/v1/chat/completions"
        }
    }

    /// Whether the host is this machine, by its name or number.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// `v1`, `v4`, `v1beta`.
    private static func isVersion(_ segment: Substring) -> Bool {
        segment.first == "v" && segment.dropFirst().first?.isWholeNumber == true
    }

    private static func host(in authority: Substring) -> String? {
        let name: Substring
        let after: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[authority.index(after: authority.startIndex)..<end]
            after = authority[authority.index(after: end)...]
            guard name.contains(":"), name.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
        } else {
            name = authority.prefix { $0 != ":" }
            after = authority[name.endIndex...]
        }
        guard !name.isEmpty, name.utf8.count <= 253 else { return nil }
        if after.isEmpty { return String(name) }
        guard after.hasPrefix(":"), let port = UInt16(after.dropFirst()), port > 0 else { return nil }
        return String(name)
    }

    private static func malformed(_ text: String) -> Malformed {
        // A password may have been written into it by mistake.
        let shown = text.contains("@") ? "the model's URL" : "\"\(text.prefix(200))\""
        return Malformed(
            description:
                "\(shown) is not the address of a chat-completions endpoint: expected http:// or https:// and a "
                + "host, perhaps a port and a path, such as https://api.openai.com/v1 or http://127.0.0.1:11434"
        )
    }
}
