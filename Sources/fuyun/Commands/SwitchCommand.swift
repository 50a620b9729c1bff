import ArgumentParser
import CoordinatorClient
import FuyunPolicy
import FuyunProtocol

/// `fuyun switch`.
struct SwitchCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch",
        abstract: "Shows or sets what holds for every function on every node: the kill switch.",
        discussion: """
            EXAMPLES
              fuyun switch                        what holds now
              fuyun switch --mode-cap observe     no limit is set anywhere any more
              fuyun switch --mode-cap enforce     policies decide again
              fuyun switch --tuning off           no new versions by themselves
            """
    )

    @Option(
        help: ArgumentHelp(
            "The furthest that any policy may reach on any node: observe, shadow, canary or enforce.",
            valueName: "mode"
        ),
        transform: Self.mode
    )
    var modeCap: Mode?

    @Option(help: "Whether the coordinator tunes policies by itself.")
    var tuning: OnOff?

    @OptionGroup var coordinator: CoordinatorOptions
    @OptionGroup var answer: AnswerOptions
    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        let change = CoordinatorAPI.SwitchesChange(modeCap: modeCap, isTuningEnabled: tuning.map { $0 == .on })
        let switches = try await coordinator.required().use { client async throws(CoordinatorError) in
            try await client.answer(to: modeCap == nil && tuning == nil ? .switches() : .change(change))
        }
        if answer.json {
            console.document(switches)
            return .good
        }
        var table = Table(columns: [.name(""), .name(""), .words("", minimum: 20)], hasHeading: false)
        let cap = switches.modeCap
        table.rows.append([
            Text("mode cap", .bold), Text(cap.rawValue, cap == .enforce ? .green : .yellow), Text(Self.words(cap)),
        ])
        let isOn = switches.isTuningEnabled
        table.rows.append([
            Text("tuning", .bold), Text(isOn ? "on" : "off", isOn ? .green : .yellow),
            Text(isOn ? "new versions are made and moved by themselves" : "versions change only when you change them"),
        ])
        console.table(table)
        return .good
    }

    private static func mode(_ word: String) throws -> Mode {
        guard let mode = Mode(rawValue: word) else {
            throw ValidationError("not a mode; expected \(Mode.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return mode
    }

    private static func words(_ cap: Mode) -> String {
        switch cap {
        case .observe: "no limit is set anywhere"
        case .shadow: "decisions are only recorded"
        case .canary: "active versions decide only for a share of the calls"
        case .enforce: "active versions decide"
        }
    }
}
