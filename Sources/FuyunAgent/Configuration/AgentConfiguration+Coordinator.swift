import Glibc
import Settings
import SystemPackage

extension AgentConfiguration.Coordinator {
    /// The largest token file that is read.
    private static let largestToken = 4096

    /// This machine's name; `localhost` when it has none.
    static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Finds what the table of settings cannot say.
    func check(reporting settings: inout SettingReader) {
        let parts = Self.parts(of: url)
        if parts == nil {
            settings.report(place: "coordinator.url", "\(url): expected https://HOST[:PORT] or http://HOST[:PORT]")
        }
        if let parts, !parts.isSecure, !parts.isLoopback {
            settings.report(
                place: "coordinator.url",
                "\(url): expected https:// for a coordinator on another machine; anyone on the way could read the token"
            )
        }
        if !Self.isNode(node) {
            settings.report(place: "coordinator.node", "\(node): expected 1 to 128 of [A-Za-z0-9._-]")
        }
    }

    /// What is wrong with the files that are named, one line each; what a running agent would only say in its log.
    func problemsOfFiles() -> [String] {
        var problems: [String] = []
        do throws(FileProblem) { _ = try token() } catch { problems.append(error.description) }
        if let authorityFile {
            do throws(FileProblem) {
                let text = try Self.read(authorityFile, atMost: 1 << 20, key: "coordinator.ca_file")
                if !text.contains("-----BEGIN CERTIFICATE-----") {
                    problems.append("coordinator.ca_file: \(authorityFile): expected certificates in PEM")
                }
            } catch {
                problems.append(error.description)
            }
        }
        return problems
    }

    /// Why a file is of no use.
    struct FileProblem: Error, CustomStringConvertible {
        /// One line.
        var description: String
    }

    /// The token as it stands in its file now; nil without a file.
    func token() throws(FileProblem) -> String? {
        guard let tokenFile else { return nil }
        let text = try Self.read(tokenFile, atMost: Self.largestToken, key: "coordinator.token_file")
        let words = text.split { $0 == " " || $0 == "\n" || $0 == "\r" || $0 == "\t" }
        guard words.count == 1, let token = words.first, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw FileProblem(
                description: "coordinator.token_file: \(tokenFile): expected one token of visible ASCII and nothing else"
            )
        }
        return String(token)
    }

    private static func read(_ path: String, atMost largest: Int, key: String) throws(FileProblem) -> String {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            let bytes = try descriptor.closeAfter {
                var bytes = [UInt8](repeating: 0, count: largest + 1)
                var filled = 0
                while filled <= largest {
                    let count = try bytes.withUnsafeMutableBytes {
                        try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
                    }
                    if count == 0 { break }
                    filled += count
                }
                return bytes[..<filled]
            }
            guard bytes.count <= largest else {
                throw FileProblem(description: "\(key): \(path): has more than \(largest) bytes")
            }
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            if let problem = error as? FileProblem { throw problem }
            throw FileProblem(description: "\(key): \(path): cannot be read: \(error)")
        }
    }

    /// Whether a URL is one of a coordinator, and whose; nil when it is not.
    private static func parts(of url: String) -> (isSecure: Bool, isLoopback: Bool)? {
        let isSecure = url.hasPrefix("https://")
        guard isSecure || url.hasPrefix("http://") else { return nil }
        var rest = url.dropFirst(isSecure ? 8 : 7)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var host = rest
        var port: Substring?
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            host = rest[rest.index(after: rest.startIndex)..<end]
            let after = rest[rest.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            port = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = rest.lastIndex(of: ":") {
            host = rest[..<colon]
            port = rest[rest.index(after: colon)...]
        }
        if let port {
            guard let number = UInt16(port), number > 0 else { return nil }
        }
        let isHost = host.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard !host.isEmpty, isHost else { return nil }
        let isLoopback = host == "localhost" || host == "::1" || host.hasPrefix("127.")
        return (isSecure, isLoopback)
    }

    private static func isNode(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
