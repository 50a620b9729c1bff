/// Who may call: the bearer tokens of nodes and of operators.
public struct TokenBook: Sendable, Equatable {
    /// Who presents a token.
    public enum Caller: Sendable, Equatable {
        /// An operator: may do everything.
        case `operator`
        /// A node by one of its own names; nil: any node.
        case node(String?)
    }

    /// Something wrong with a token file.
    public struct FileError: Error, Sendable, CustomStringConvertible {
        /// The file.
        public var path: String
        /// What is wrong, and what to do.
        public var message: String
        /// One line.
        public var description: String { "\(path): \(message)" }
    }

    /// The shortest token: below, guessing becomes thinkable.
    public static let shortestToken = 16
    /// The longest token.
    public static let longestToken = 512

    struct Entry: Sendable, Equatable {
        var caller: Caller
        var token: [UInt8]
    }

    private(set) var entries: [Entry] = []

    /// Nobody is known.
    public init() {}

    /// Whether nobody is known.
    public var isEmpty: Bool { entries.isEmpty }

    /// Reads the files that are configured.
    public init(_ files: CoordinatorConfiguration.TokenFiles) throws(FileError) {
        if let path = files.nodes { try addNodes(from: try SecretFile.read(path), path: path) }
        if let path = files.operators { try addOperators(from: try SecretFile.read(path), path: path) }
    }

    /// Adds a file of lines `NODE TOKEN`; empty lines and those that begin with `#` say nothing.
    mutating func addNodes(from text: String, path: String) throws(FileError) {
        let count = entries.count
        for (number, words) in try Self.lines(of: text, path: path) {
            guard words.count == 2, words[0] == "*" || NodeName.isValid(words[0]) else {
                throw FileError(path: path, message: "line \(number): expected NODE TOKEN, or * TOKEN for any node")
            }
            let token = try Self.token(words[1], path, number)
            entries.append(Entry(caller: .node(words[0] == "*" ? nil : words[0]), token: token))
        }
        try requireSome(since: count, path)
    }

    /// Adds a file of tokens, one a line; empty lines and those that begin with `#` say nothing.
    mutating func addOperators(from text: String, path: String) throws(FileError) {
        let count = entries.count
        for (number, words) in try Self.lines(of: text, path: path) {
            guard words.count == 1 else {
                throw FileError(path: path, message: "line \(number): expected one token and nothing else")
            }
            entries.append(Entry(caller: .operator, token: try Self.token(words[0], path, number)))
        }
        try requireSome(since: count, path)
    }

    private func requireSome(since count: Int, _ path: String) throws(FileError) {
        if entries.count == count {
            throw FileError(path: path, message: "holds no token; add one or leave the file out")
        }
    }

    private static func lines(of text: String, path: String) throws(FileError) -> [(number: Int, words: [String])] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }.map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { return nil }
            return (index + 1, words)
        }
    }

    private static func token(_ text: String, _ path: String, _ line: Int) throws(FileError) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard (shortestToken...longestToken).contains(bytes.count), bytes.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw FileError(
                path: path,
                message:
                    "line \(line): expected a token of \(shortestToken) to \(longestToken) visible ASCII characters; "
                    + "`openssl rand -hex 32` makes one"
            )
        }
        return bytes
    }

    /// All that a token allows; nothing when it is not known.
    ///
    /// Every known token is compared to its end, so that the time it takes says nothing about how near a guess was.
    func callers(presenting token: String) -> [Caller] {
        let presented = Array(token.utf8)
        var callers: [Caller] = []
        for entry in entries where Self.isEqual(presented, entry.token) { callers.append(entry.caller) }
        return callers
    }

    private static func isEqual(_ presented: [UInt8], _ token: [UInt8]) -> Bool {
        var difference = presented.count ^ token.count
        for index in token.indices {
            difference |= Int((index < presented.count ? presented[index] : 0) ^ token[index])
        }
        return difference == 0
    }
}

/// How nodes are named: as hosts are.
enum NodeName {
    /// Whether a text is a node's name: 1 to 253 of letters, digits, `.`, `_`, `-` and `:`.
    static func isValid(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
                    UInt8(ascii: ":"):
                    true
                default: false
                }
            }
    }
}
