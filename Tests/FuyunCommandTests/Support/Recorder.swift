import ArgumentParser
import Synchronization
import SystemPackage

@testable import fuyun

/// What a command wrote.
struct Recording: Sendable {
    /// The exit status.
    var status: Int32
    /// Standard output.
    var output: String
    /// Standard error.
    var errors: String
}

/// Collects what a command writes.
final class Recorder: Sendable {
    private let texts = Mutex((output: "", errors: ""))

    /// Everything on standard output so far.
    var output: String { texts.withLock { $0.output } }
    /// Everything on standard error so far.
    var errors: String { texts.withLock { $0.errors } }

    /// A console that writes here.
    func console(width: Int? = nil, hasColour: Bool = false, input: FileDescriptor = .standardInput) -> Console {
        Console(
            width: width,
            hasColour: hasColour,
            input: input,
            output: { text in self.texts.withLock { $0.output += text } },
            errors: { text in self.texts.withLock { $0.errors += text } }
        )
    }
}

/// Runs `fuyun` with arguments, in this process.
///
/// - Parameter input: What `-` reads.
func fuyun(
    _ arguments: [String],
    width: Int? = nil,
    hasColour: Bool = false,
    input: String? = nil
) async throws -> Recording {
    let recorder = Recorder()
    let command: any ParsableCommand
    do {
        command = try Fuyun.parseAsRoot(arguments)
        if !(command is any ConsoleCommand) {
            var help = command
            try help.run()
        }
    } catch {
        return Recording(
            status: Fuyun.exitCode(for: error).rawValue,
            output: "",
            errors: Fuyun.fullMessage(for: error)
        )
    }
    guard let command = command as? any ConsoleCommand else { return Recording(status: -1, output: "", errors: "") }
    var directory: TemporaryDirectory?
    var descriptor = FileDescriptor.standardInput
    if let input {
        let made = try TemporaryDirectory(["input": input])
        descriptor = try FileDescriptor.open(made.file("input"), .readOnly)
        directory = made
    }
    let console = recorder.console(width: width, hasColour: hasColour, input: descriptor)
    let outcome: Outcome
    do {
        outcome = try await command.perform(on: console)
    } catch let error as ValidationError {
        // What a command finds missing only when it runs.
        return Recording(status: Fuyun.exitCode(for: error).rawValue, output: "", errors: Fuyun.fullMessage(for: error))
    }
    if directory != nil { try descriptor.close() }
    return Recording(status: outcome.rawValue, output: recorder.output, errors: recorder.errors)
}
