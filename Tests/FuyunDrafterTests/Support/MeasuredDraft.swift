import FuyunDrafter
import FuyunPolicy
import Testing

/// A measured function of `Benchmarks/data/functions`, and where its payload says which operation runs.
///
/// Measurements are one group for each operation, a draft is one for the whole function: what is kept for a group are the
/// laws of its operation, over the variables that the measurements have.
struct MeasuredDraft: Sendable, CustomTestStringConvertible {
    /// The measurements' function and operation.
    var group: String
    /// The recording.
    var recording: String
    /// The category variable that names the operation, and the word there; nil when the payload has none.
    var operation: (variable: String, word: String)?
    /// Variables whose column has another name.
    var columns: [String: String] = [:]

    var testDescription: String { group }

    static let all: [MeasuredDraft] =
        [
            ("video-processing", "video-processing", "op", ["frames", "gif", "gif-native", "watermark"]),
            ("thumbnailer", "thumbnailer", "format", ["jpeg", "jpeg-progressive", "png"]),
            ("matmul", "matmul", "op", ["matmul", "solve"]), ("graph-bfs", "graph-search", "op", ["bfs"]),
            ("graph-mst", "graph-search", "op", ["mst"]),
        ].flatMap { function, recording, variable, words in
            words.map { MeasuredDraft(group: "\(function)/\($0)", recording: recording, operation: (variable, $0)) }
        } + [
            MeasuredDraft(group: "compression/zip", recording: "compression", operation: ("format", "zip")),
            MeasuredDraft(group: "compression/targz", recording: "compression", operation: ("format", "gztar")),
            MeasuredDraft(group: "graph-pagerank/pagerank", recording: "graph-pagerank"),
            MeasuredDraft(
                group: "dna-visualisation/transform",
                recording: "dna-visualisation",
                columns: ["bases": "length"]
            ),
            MeasuredDraft(group: "dynamic-html/render", recording: "dynamic-html"),
            MeasuredDraft(group: "uploader/upload", recording: "uploader"),
        ]

    static let folder = String(Files.root.dropLast("Tests/FuyunDrafterTests/".count)) + "Benchmarks/data/"

    /// `drafts/video-processing__gif.json`.
    var path: String {
        let parts = group.split(separator: "/")
        return Self.folder + "drafts/\(parts[0])__\(parts[1]).json"
    }

    /// The file: whose answer it is, and its candidates for the group.
    func file(of draft: Draft, _ recording: Recording) throws -> [UInt8] {
        let documents = try draft.candidates.compactMap(\.document).map { try reduced($0) }
        var distinct: [PolicyDocument] = []
        for document in documents where !distinct.contains(where: { $0.logic.laws == document.logic.laws }) {
            distinct.append(document)
        }
        let policies = try distinct.map { document in
            let compilation = PolicyCompiler.compile(document)
            try #require(compilation.policy != nil, "\(compilation.errors)")
            return try JSONDocument.parse(document.encoded()).root
        }
        return JSONValue.object([
            ("group", .string(group)), ("recording", .string(self.recording)), ("model", .string(recording.model)),
            ("date", .string(recording.date)), ("prompt_digest", .string(draft.promptDigest ?? "")),
            ("policies", .array(policies)),
        ]).encoded()
    }

    private func reduced(_ draft: PolicyDocument) throws -> PolicyDocument {
        var document = draft
        document.metadata.policyID = group
        if let operation {
            if document.logic.select == operation.variable {
                document.logic.select = nil
                document.logic.laws = [try #require(document.logic.laws.first { $0.value == operation.word })]
                document.logic.laws[0].value = nil
            }
            document.inputs.variables.removeAll { $0.name == operation.variable }
        }
        for law in document.logic.laws.indices {
            for term in document.logic.laws[law].terms.indices {
                let expression = document.logic.laws[law].terms[term].expression
                document.logic.laws[law].terms[term].expression = renamed(expression)
            }
        }
        let measured = try columnNames()
        for place in document.inputs.variables.indices {
            let name = document.inputs.variables[place].name
            document.inputs.variables[place].name = columns[name] ?? name
        }
        document.inputs.variables.removeAll { !measured.contains($0.name) }
        return document
    }

    /// An expression with the names of columns.
    private func renamed(_ expression: String) -> String {
        var text = ""
        var word = ""
        for character in expression + " " {
            if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                text += (columns[word] ?? word) + String(character)
                word = ""
            }
        }
        return String(text.dropLast())
    }

    private func columnNames() throws -> [String] {
        let function = group.prefix { $0 != "/" }
        let text = try #require(Files.text(Self.folder + "functions/\(function).csv"))
        return try #require(text.split(whereSeparator: \.isNewline).first).split(separator: ",").map(String.init)
    }
}
