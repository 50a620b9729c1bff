import ArgumentParser
import FuyunPolicy
import MemoryUnits

/// `fuyun policy explain`.
struct PolicyExplainCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Shows which limit a policy gives a payload, step by step.",
        discussion: """
            The answer is the agent's own: the same code decides. Sizes are written like 64MiB, 512m or 1073741824.

            EXAMPLES
              fuyun policy explain video.json --payload call.json
              echo '{"n": 10}' | fuyun policy explain allocator.json --payload - --json
              fuyun policy explain video.json --payload head.json --payload-length 5000000 --maximum 2g
              fuyun policy explain video.json --payload call.json --activation 4479a1   # enforced for this call?
            """
    )

    @Argument(help: "The policy document; - for standard input.")
    var file: String

    @Option(
        help: ArgumentHelp("The request body; - for standard input. Without it the body is empty.", valueName: "file")
    )
    var payload: String?

    @Option(help: ArgumentHelp("The true size of the body, when the file holds only its start.", valueName: "bytes"))
    var payloadLength: UInt64?

    @Option(
        name: .customLong("header"),
        help: ArgumentHelp("A header of the request. May be repeated.", valueName: "name=value"),
        transform: RequestHeader.init
    )
    var headers: [RequestHeader] = []

    @Option(help: ArgumentHelp("The limit when the policy cannot decide.", valueName: "size"), transform: Bytes.size)
    var preset = Bytes.mebibytes(256)

    @Option(help: ArgumentHelp("The least limit that the operator allows.", valueName: "size"), transform: Bytes.size)
    var minimum = Bytes.mebibytes(16)

    @Option(
        help: ArgumentHelp("The greatest limit that the operator allows; none by default.", valueName: "size"),
        transform: Bytes.size
    )
    var maximum: Bytes?

    @Option(
        help: ArgumentHelp("Limits are rounded up to a multiple of this.", valueName: "size"),
        transform: Bytes.size
    )
    var tier = Bytes.mebibytes(1)

    @Option(
        help: ArgumentHelp("Say whether a canary version decides for the call of this activation id.", valueName: "id")
    )
    var activation: String?

    @Flag(help: "Print one JSON document, for programs.")
    var json = false

    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard file != "-" || payload != "-" else {
            throw ValidationError("standard input (-) can be read only once: as the policy or as the payload")
        }
        if let maximum, minimum > maximum {
            throw ValidationError("--minimum (\(minimum)) must not be above --maximum (\(maximum))")
        }
    }

    func run(on console: Console) async throws -> Outcome {
        let policy = try compile(console)
        let body = try payload.map { try InputFile(name: $0, limit: .largestPayload).read(input: console.input) } ?? []
        let length = payloadLength ?? UInt64(body.count)
        guard length >= UInt64(body.count) else {
            throw CommandFailure(
                "--payload-length is \(length), but the payload has \(body.count) bytes; it is the size of the whole "
                    + "body"
            )
        }
        let kept = min(body.count, Int(clamping: Bytes.keptPayload.rawValue))
        let features = body.withUnsafeBytes { bytes in
            policy.extract(body: UnsafeRawBufferPointer(rebasing: bytes[..<kept]), totalLength: length) { name in
                headers.last { $0.name.lowercased() == name.lowercased() }?.value
            }
        }
        let bounds = SafetyBounds(minimum: minimum, maximum: maximum ?? .max, preset: preset, tier: tier)
        let report = ExplanationReport(
            explanation: policy.explain(features, within: bounds),
            kept: kept,
            length: length,
            reach: PolicyReach(policy, activation: activation)
        )
        if json {
            console.raw(report.json.encoded())
        } else {
            report.write(to: console)
        }
        return .good
    }

    private func compile(_ console: Console) throws(CommandFailure) -> CompiledPolicy {
        let bytes = try InputFile(name: file, limit: .largestPolicy).read(input: console.input)
        let compilation = PolicyCompiler.compile(bytes)
        if let policy = compilation.policy { return policy }
        let name = file == "-" ? "<stdin>" : file
        let lines = compilation.errors.map { "\(name):\($0)" }
        throw CommandFailure((["the policy has errors, so it decides nothing:"] + lines).joined(separator: "\n"))
    }
}

/// A header of a request, as `NAME=VALUE` on the command line.
struct RequestHeader {
    /// The name.
    var name: String
    /// The value.
    var value: String

    /// Reads `NAME=VALUE`.
    init(_ text: String) throws {
        guard let mark = text.firstIndex(of: "="), mark > text.startIndex else {
            throw ValidationError("a header is written like X-Object-Size=1048576")
        }
        name = String(text[..<mark])
        value = String(text[text.index(after: mark)...])
    }
}
