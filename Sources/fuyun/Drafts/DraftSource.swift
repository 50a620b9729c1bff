import ArgumentParser
import FuyunDrafter
import FuyunPolicy
import MemoryUnits
import SourceArchive

/// What a draft is made of, as the command line names it.
struct DraftSource: ParsableArguments {
    @Option(
        help: ArgumentHelp("The function's source: a file, a folder, a zip or a tar.", valueName: "path")
    )
    var source: String

    @Option(help: "The runtime, such as python:3.12.")
    var runtime: String?

    @Option(
        help: ArgumentHelp(
            "An example of a payload; only its shape is told. May be given several times.",
            valueName: "file"
        )
    )
    var payload: [String] = []

    func validate() throws {
        guard payload.count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("standard input (-) can be read only once")
        }
    }

    /// Reads source and examples.
    func request(of function: String, within grant: SafetyBounds, on console: Console) throws(CommandFailure)
        -> DraftRequest
    {
        let bundle: SourceBundle
        do throws(SourceError) {
            bundle = try SourceReader.read(source)
        } catch {
            throw CommandFailure(error.description)
        }
        guard !bundle.files.isEmpty else {
            throw CommandFailure(
                "\(source) holds no source that can be read\n"
                    + (bundle.omitted.isEmpty
                        ? "a file, a folder, a zip or a tar with text files was expected"
                        : "left out: " + Self.list(bundle.omitted.map { "\($0.path) (\($0.reason))" }))
            )
        }
        return DraftRequest(
            function: function,
            runtime: runtime,
            source: bundle,
            grant: grant,
            payload: try shape(on: console)
        )
    }

    /// The shape of the examples; nil without one.
    private func shape(on console: Console) throws(CommandFailure) -> PayloadShape? {
        var shape: PayloadShape?
        for name in payload {
            let file = InputFile(name: name, limit: .largestPayload)
            let one = PayloadShape.of(try file.read(input: console.input))
            guard !one.leaves.isEmpty else {
                throw CommandFailure("\(file.shownName): is no JSON, an example of the function's payload was expected")
            }
            shape = shape?.merged(with: one) ?? one
        }
        return shape
    }

    /// A few words of a list, and how many there are more.
    static func list(_ items: [String], most: Int = 5) -> String {
        let more = items.count - most
        return items.prefix(most).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
    }
}

/// The bounds within which a draft is made when no coordinator says them.
struct DraftGrant: ParsableArguments {
    @Option(
        help: ArgumentHelp("The platform's declared limit (default 512 MiB).", valueName: "size"),
        transform: Bytes.size
    )
    var preset: Bytes?

    @Option(
        help: ArgumentHelp("The least limit that may be set (default 16 MiB).", valueName: "size"),
        transform: Bytes.size
    )
    var minimum: Bytes?

    @Option(
        help: ArgumentHelp("The greatest limit that may be set (default: the preset).", valueName: "size"),
        transform: Bytes.size
    )
    var maximum: Bytes?

    @Option(
        help: ArgumentHelp("Limits are rounded up to a multiple of this (default 1 MiB).", valueName: "size"),
        transform: Bytes.size
    )
    var tier: Bytes?

    @Option(
        help: ArgumentHelp(
            "A file with what you know of the function or the platform. May be given several times.",
            valueName: "file"
        )
    )
    var notes: [String] = []

    /// The bounds.
    var bounds: SafetyBounds {
        let preset = preset ?? .mebibytes(512)
        return SafetyBounds(
            minimum: minimum ?? .mebibytes(16),
            maximum: maximum ?? preset,
            preset: preset,
            tier: tier ?? .mebibytes(1)
        )
    }

    func validate() throws {
        if let minimum, minimum > bounds.maximum {
            throw ValidationError("--minimum (\(minimum)) must not be above the maximum (\(bounds.maximum))")
        }
    }

    /// Reads the notes.
    func knowledge(on console: Console) throws(CommandFailure) -> [KnowledgeNote] {
        var read: [KnowledgeNote] = []
        for name in notes {
            let file = InputFile(name: name, limit: .kibibytes(64))
            let text = String(decoding: try file.read(input: console.input), as: UTF8.self)
            let path = name.split(separator: "/").last.map(String.init) ?? name
            read.append(KnowledgeNote(name: path, text: SecretMask.mask(text, path: path).text))
        }
        return read
    }
}

/// A function's name for the commands that ask nobody: given, or made of the source's.
func offlineFunction(_ name: String?, source: String) throws -> String {
    if let name {
        try checkFunction(name)
        return name
    }
    let file = source.split(separator: "/").last.map(String.init) ?? "function"
    let stem = file.prefix { $0 != "." }
    let made = String(stem.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "-" })
    return "guest/" + (made.isEmpty ? "function" : made)
}
