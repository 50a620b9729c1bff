import ArgumentParser
import CoordinatorClient
import FuyunPolicy
import FuyunProtocol
import MemoryUnits

/// `on` or `off`.
enum OnOff: String, ExpressibleByArgument, CaseIterable {
    case on, off
}

/// `fuyun functions set`.
struct FunctionsSetCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Sets what you decide about a function, whatever the tuner thinks.",
        discussion: """
            EXAMPLES
              fuyun functions set guest/video --pin 3         version 3 stays active
              fuyun functions set guest/video --unpin
              fuyun functions set guest/video --never-lower on
              fuyun functions set guest/video --exclude on    agents observe only
            """
    )

    @Argument(help: "The function.")
    var name: String

    @Option(help: ArgumentHelp("Hold this version, the active one, fast.", valueName: "version"))
    var pin: Int?

    @Flag(help: "Hold no version fast any more.")
    var unpin = false

    @Option(help: "Whether new versions may never ask for less than the active one.")
    var neverLower: OnOff?

    @Option(help: "Whether Fuyun leaves the function's limits alone: agents observe only, nothing is tuned.")
    var exclude: OnOff?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard pin == nil || !unpin else { throw ValidationError("--pin and --unpin contradict each other") }
        guard pin != nil || unpin || neverLower != nil || exclude != nil else {
            throw ValidationError("nothing to set: give --pin, --unpin, --never-lower or --exclude")
        }
        try checkVersion(pin)
        try checkFunction(name)
    }

    func run(on console: Console) async throws -> Outcome {
        var change = CoordinatorAPI.FunctionSwitchesChange()
        if let pin { change.pin = .version(pin) }
        if unpin { change.pin = .none }
        change.neverLower = neverLower.map { $0 == .on }
        change.isExcluded = exclude.map { $0 == .on }
        let function = try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            try await client.answer(to: .change(change, of: name))
        }
        if answer.json {
            console.document(function)
        } else {
            console.line(FunctionView.line(function))
        }
        return .good
    }
}

/// `fuyun functions register`.
struct FunctionsRegisterCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Registers a function, or changes its registration.",
        discussion: """
            What is not given keeps the agents' own defaults; what was registered before and is not repeated is \
            forgotten. Functions that are called on a node are registered by that, with nothing but their name.

            EXAMPLES
              fuyun functions register guest/video --preset 512m --maximum 2g --runtime python:3.11
            """
    )

    @Argument(help: "The function, as the platform calls it.")
    var name: String

    @Option(help: ArgumentHelp("The platform's declared limit.", valueName: "size"), transform: Bytes.size)
    var preset: Bytes?

    @Option(help: ArgumentHelp("The least limit that may be set.", valueName: "size"), transform: Bytes.size)
    var minimum: Bytes?

    @Option(help: ArgumentHelp("The greatest limit that may be set.", valueName: "size"), transform: Bytes.size)
    var maximum: Bytes?

    @Option(
        help: ArgumentHelp("Limits are rounded up to a multiple of this.", valueName: "size"),
        transform: Bytes.size
    )
    var tier: Bytes?

    @Option(help: "The runtime, such as python:3.11.")
    var runtime: String?

    @Option(help: ArgumentHelp("Digest of the source, such as sha256:….", valueName: "digest"))
    var sourceDigest: String?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        try checkFunction(name)
        if let minimum, let maximum, minimum > maximum {
            throw ValidationError("--minimum (\(minimum)) must not be above --maximum (\(maximum))")
        }
    }

    func run(on console: Console) async throws -> Outcome {
        var registration = CoordinatorAPI.Registration()
        registration.preset = preset
        registration.minimum = minimum
        registration.maximum = maximum
        registration.tier = tier
        registration.runtime = runtime
        registration.sourceDigest = sourceDigest
        let function = try await coordinator.required().use { [registration] client async throws(CoordinatorError) in
            try await client.answer(to: .register(name, registration))
        }
        if answer.json {
            console.document(function)
        } else {
            console.line(FunctionView.line(function))
        }
        return .good
    }
}

/// `fuyun functions remove`.
struct FunctionsRemoveCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Removes a function with all its policies and observations.",
        discussion: "It comes back with nothing but its name when it is called on a node again."
    )

    @Argument(help: "The function.")
    var name: String

    @Flag(help: "Do it: there is no way back.")
    var yes = false

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var display: DisplayOptions

    func validate() throws {
        try checkFunction(name)
        guard yes else {
            throw ValidationError("all policies and observations of \(name) would go: add --yes to do it")
        }
    }

    func run(on console: Console) async throws -> Outcome {
        try await coordinator.required().use(about: name) { client async throws(CoordinatorError) in
            try await client.perform(.remove(name))
        }
        console.line("\(name) is removed")
        return .good
    }
}

/// Checks the name of a function before anything is asked.
func checkFunction(_ name: String) throws {
    guard PolicyDocument.isFunctionName(name) else {
        throw ValidationError("a function's name has 1 to 256 of A-Z a-z 0-9 . _ @ : / -, such as guest/video")
    }
}

/// Checks the number of a version before anything is asked.
func checkVersion(_ version: Int?) throws {
    guard let version else { return }
    guard (1...Int(Int32.max)).contains(version) else {
        throw ValidationError("versions are numbered from 1, \(version) is none")
    }
}
