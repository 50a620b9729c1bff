import FuyunPolicy
import FuyunTuning
import Glibc
import MemoryUnits

/// The measured functions of `data/functions.txt`, each with the formula that its source suggests.
struct MeasuredFunction: Sendable {
    /// Function and operation.
    var name: String
    /// The draft: a formula with a first guess of its numbers.
    var draft: PolicyDocument
    /// A second formula over the same inputs, where whoever reads the libraries' source as well would write one.
    var second: PolicyDocument?
    /// The features of each run, and its need: the peak of anonymous memory and 2 % for what the kernel holds.
    var runs: [(features: [String: Sample.Value], need: Bytes)]

    /// A draft in short: the terms with their guessed coefficients, as someone who read the source would write them.
    private struct Draft {
        var base: Double
        var terms: [(name: String, expression: String, coefficient: Double)]
    }

    private static let drafts: [String: Draft] = [
        // ffmpeg scales to 320 wide at 10 frames a second, and holds those frames as 4 bytes a pixel; the decoder's pictures.
        "video-processing/gif": Draft(
            base: 50e6,
            terms: [
                ("frames", "duration_s * 10 * 320 * 320 * height / width * 4", 1),
                ("pictures", "width * height * 1.5", 10),
            ]
        ),
        // No scaling: every frame as 4 bytes a pixel.
        "video-processing/gif-native": Draft(
            base: 50e6,
            terms: [("frames", "duration_s * fps * width * height * 4", 1), ("pictures", "width * height * 1.5", 10)]
        ),
        // x264 looks ahead up to 40 frames and a few more are on their way; its reference pictures.
        "video-processing/watermark": Draft(
            base: 50e6,
            terms: [
                ("lookahead", "min(duration_s * fps, 60) * width * height * 1.5", 1),
                ("pictures", "width * height * 1.5", 20),
            ]
        ),
        // All frames as 3 bytes a pixel in a list; the decoder's pictures.
        "video-processing/frames": Draft(
            base: 50e6,
            terms: [("frames", "duration_s * fps * width * height * 3", 1), ("pictures", "width * height * 1.5", 10)]
        ),
        // A baseline picture is decoded at a quarter of its size, a progressive one whole with its coefficients.
        "thumbnailer/jpeg": Draft(
            base: 10e6,
            terms: [("object", "input_bytes", 1), ("pixels", "width * height * 3", 0.25)]
        ),
        "thumbnailer/jpeg-progressive": Draft(
            base: 10e6,
            terms: [("object", "input_bytes", 1), ("pixels", "width * height * 3", 2)]
        ),
        "thumbnailer/png": Draft(
            base: 10e6,
            terms: [("object", "input_bytes", 1), ("pixels", "width * height * 3", 1)]
        ),
        "compression/zip": Draft(base: 10e6, terms: [("files", "n_files", 1000), ("content", "total_bytes", 0.01)]),
        "compression/targz": Draft(base: 10e6, terms: [("files", "n_files", 1000), ("content", "total_bytes", 0.01)]),
        // Ten edges a node, two integers and an entry of an index each.
        "graph-pagerank/pagerank": Draft(base: 18e6, terms: [("edges", "size * 10", 60)]),
        "graph-mst/mst": Draft(base: 18e6, terms: [("edges", "size * 10", 60)]),
        "graph-bfs/bfs": Draft(base: 18e6, terms: [("edges", "size * 10", 60)]),
        "dna-visualisation/transform": Draft(base: 18e6, terms: [("length", "length", 200)]),
        "dynamic-html/render": Draft(base: 11e6, terms: [("items", "random_len", 100)]),
        "matmul/matmul": Draft(base: 16e6, terms: [("matrix", "n * n * 8", 3)]),
        "matmul/solve": Draft(base: 16e6, terms: [("matrix", "n * n * 8", 2)]),
        "uploader/upload": Draft(base: 10e6, terms: [("object", "object_bytes", 1)]),
    ]

    private static let seconds: [String: Draft] = [
        // Pillow has libjpeg decode at 1/2, 1/4 or 1/8 of the size, as long as twice the thumbnail's side remains.
        "thumbnailer/jpeg": Draft(
            base: 10e6,
            terms: [
                ("object", "input_bytes", 1),
                ("pixels", "width * height * 3 / 4 ^ min(3, max(0, floor(log(min(width, height) / 400) / log(2))))", 1),
            ]
        ),
        // random.sample(range(1000000), n) makes a list of the million once a set of n, sized in powers of four, were larger.
        "dynamic-html/render": Draft(
            base: 11e6,
            terms: [("items", "random_len", 100), ("pool", "min(max(random_len - 87381, 0), 1)", 36e6)]
        ),
    ]

    /// Reads the functions; `path` is that of `functions.txt`.
    static func read(_ path: String) -> [MeasuredFunction] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block.prefix(count) }
        var functions: [MeasuredFunction] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 3, let peak = Double(words[1]) else { continue }
            let features = words.dropFirst(2).compactMap { word -> (String, Double)? in
                let pair = word.split(separator: "=")
                return Double(pair[1]).map { (String(pair[0]), $0) }
            }
            let name = String(words[0])
            if !functions.contains(where: { $0.name == name }) {
                let variables = features.map(\.0)
                functions.append(
                    MeasuredFunction(
                        name: name,
                        draft: document(name, drafts[name] ?? Draft(base: 10e6, terms: []), variables),
                        second: seconds[name].map { document(name, $0, variables) },
                        runs: []
                    )
                )
            }
            let place = functions.firstIndex { $0.name == name } ?? 0
            let need = Bytes(roundingUp: peak * 1.02) ?? .zero
            functions[place].runs.append(
                (Dictionary(uniqueKeysWithValues: features.map { ($0.0, .number($0.1)) }), need)
            )
        }
        return functions
    }

    private static func document(_ name: String, _ draft: Draft, _ variables: [String]) -> PolicyDocument {
        PolicyDocument(
            metadata: PolicyMetadata(policyID: name, version: 1, status: .shadow, origin: PolicyOrigin(kind: "human")),
            inputs: PolicyInputs(
                source: .payload,
                variables: variables.map {
                    PolicyVariable(name: $0, kind: .number, range: 0...1e12, source: .json(pointer: "/\($0)"))
                }
            ),
            logic: PolicyLogic(
                family: .linear,
                laws: [
                    PolicyLaw(
                        base: draft.base,
                        terms: draft.terms.map {
                            PolicyTerm(
                                name: $0.name,
                                expression: $0.expression,
                                shape: .linear(coefficient: $0.coefficient)
                            )
                        }
                    )
                ]
            ),
            safety: PolicySafety(headroom: 0.05)
        )
    }
}
