import ArgumentParser
import FuyunPolicy

/// `fuyun policy check`.
struct PolicyCheckCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Finds everything that is wrong with policy documents.",
        discussion: """
            Each finding is a line FILE:LINE:COLUMN: error: JSON-PATH: message [code], as editors understand it.

            EXAMPLES
              fuyun policy check video.json
              fuyun policy check --strict /etc/fuyun/policies
              draft-a-policy | fuyun policy check --json -
            """
    )

    @Argument(help: "Policy documents; a directory stands for its *.json, - for standard input.")
    var files: [String]

    @Flag(help: "Treat warnings as errors.")
    var strict = false

    @Flag(help: "Print one JSON document, for programs.")
    var json = false

    @OptionGroup var display: DisplayOptions

    func validate() throws {
        guard files.count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("standard input (-) can be read only once")
        }
    }

    func run(on console: Console) async throws -> Outcome {
        var checked = PolicyFiles.check(files, input: console.input)
        if strict {
            for index in checked.indices { checked[index].makeStrict() }
        }
        let report = CheckReport(files: checked)
        if json {
            console.raw(report.json.encoded())
        } else {
            console.lines(report.lines)
        }
        return report.isGood ? .good : .problem
    }
}
