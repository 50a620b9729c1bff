import FuyunDrafter
import FuyunPolicy
import MemoryUnits
import SourceArchive
import Testing

/// A function of `data/functions`, as an operator would have it drafted.
struct TestFunction: Sendable, CustomTestStringConvertible {
    var name: String
    var request: DraftRequest

    var testDescription: String { name }

    static let folder = Files.root + "data/functions/"
    static let all: [TestFunction] = Files.names(in: folder).compactMap { try? TestFunction($0) }

    init(_ name: String) throws {
        self.name = name
        let folder = Self.folder + name + "/"
        let text = try #require(Files.read(folder + "function.json"))
        let root = try JSONDocument.parse(text).root
        var files: [SourceBundle.File] = []
        var digest = SHA256()
        for source in try #require(root["source"]?.array) {
            let path = try #require(source.string)
            let bundle = try SourceReader.read(path == "." ? folder : folder + path)
            digest.update(bundle.digest.utf8)
            files += bundle.files.filter { $0.path != "function.json" }
        }
        var shape: PayloadShape?
        if let written = root["shape"] {
            shape = try PayloadShape(parsing: written.encoded(pretty: false))
        } else {
            for payload in root["payloads"]?.array ?? [] {
                let seen = PayloadShape.of(payload.encoded(pretty: false))
                shape = shape?.merged(with: seen) ?? seen
            }
        }
        let grant = try #require(root["grant"])
        request = DraftRequest(
            function: try #require(root["function"]?.string),
            runtime: root["runtime"]?.string,
            source: SourceBundle(files: files, digest: "sha256:" + digest.finish()),
            grant: SafetyBounds(
                minimum: try #require(grant.bytes("min")),
                maximum: try #require(grant.bytes("max")),
                preset: try #require(grant.bytes("preset")),
                tier: try #require(grant.bytes("tier"))
            ),
            payload: shape
        )
    }
}

extension JSONValue {
    var string: String? { if case .string(let text) = content { text } else { nil } }
    var number: Double? { if case .number(let value) = content { value } else { nil } }
    var array: [JSONValue]? { if case .array(let elements) = content { elements } else { nil } }
    fileprivate func bytes(_ key: String) -> Bytes? { self[key]?.number.flatMap { Bytes(roundingUp: $0) } }
}
