import FuyunDrafter
import FuyunPolicy
import MemoryUnits
import Testing

/// An answer that no policy may come of, and what is to be said of it.
struct BadReply: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    /// The JSON path of what is wrong.
    var path: String
    /// A word of what is said.
    var word: String

    var testDescription: String { name }

    static let good = Files.text(Files.root + "data/bad-replies/good.json") ?? ""

    /// What is granted, and the payloads that were seen.
    static let request = DraftRequest(
        function: "guest/picture",
        runtime: "python:3.11",
        source: SourceBundle(
            files: [.init(path: "__main__.py", text: "def main(args):\n    return args\n")],
            digest: "sha256:" + String(repeating: "0", count: 64)
        ),
        grant: SafetyBounds(
            minimum: .mebibytes(8),
            maximum: .mebibytes(2048),
            preset: .mebibytes(512),
            tier: .mebibytes(1)
        ),
        payload: PayloadShape.of(
            Array(#"{"image":{"width":4000,"height":3000,"format":"jpeg"},"seconds":"12.5","sizes":[64,128]}"#.utf8)
        )
    )

    /// An answer of its own.
    static func whole(_ name: String, _ text: String, at path: String = "$", says word: String) -> BadReply {
        BadReply(name: name, text: text, path: path, word: word)
    }

    /// The good answer with one place changed.
    static func edit(
        _ name: String,
        _ old: String,
        to new: String,
        at path: String,
        says word: String
    ) -> BadReply {
        // The last place, so that a part of a skeleton can be named by its short form.
        guard let place = good.ranges(of: old).last else {
            return BadReply(name: "\(name): nothing to change", text: good, path: path, word: word)
        }
        var text = good
        text.replaceSubrange(place, with: new)
        return BadReply(name: name, text: text, path: path, word: word)
    }

    /// The good answer with another expression.
    static func expression(_ name: String, _ expression: String, says word: String) -> BadReply {
        edit(name, #""width * height""#, to: "\"\(expression)\"", at: term + ".expression", says: word)
    }

    static let variables = "$.proposal.variables"
    static let skeleton = "$.proposal.skeletons[0]"
    static let law = skeleton + ".laws[0]"
    static let term = law + ".terms[0]"
}
