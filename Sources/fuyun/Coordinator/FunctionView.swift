import FuyunPolicy
import FuyunProtocol
import MemoryUnits

/// Functions of the coordinator, for people.
enum FunctionView {
    /// The table of functions.
    static func table(_ functions: [CoordinatorAPI.Function]) -> Table {
        var table = Table(columns: [
            .words("FUNCTION", minimum: 22), .figure("ACTIVE"), .name("CANDIDATE"), .figure("NEWEST", leaveOut: 4),
            .figure("KEPT"), .figure("LAST CALL", leaveOut: 1), .figure("PRESET", leaveOut: 2),
            .name("RANGE", leaveOut: 3), .words("SWITCHES", minimum: 18),
        ])
        for function in functions {
            table.rows.append([
                Text(function.name), Text(version(function.activeVersion)), Text(candidate(function)),
                Text(function.newestVersion == 0 ? "-" : String(function.newestVersion)),
                Text(String(function.observations)), Text(Moments.age(function.lastObservedAt)),
                Text(function.registration.preset?.description ?? "-"), Text(range(function.registration)),
                Text(switches(function), .yellow),
            ])
        }
        return table
    }

    /// How a function stands, in a line.
    static func line(_ function: CoordinatorAPI.Function) -> Text {
        var words = function.activeVersion.map { "active version \($0)" } ?? "no active version"
        if function.candidateVersion != nil { words += ", candidate \(candidate(function))" }
        let switches = switches(function)
        if !switches.isEmpty { words += ", \(switches)" }
        return Text(function.name, .bold) + Text("  \(words)")
    }

    private static func version(_ version: Int?) -> String { version.map(String.init) ?? "-" }

    private static func candidate(_ function: CoordinatorAPI.Function) -> String {
        guard let version = function.candidateVersion else { return "-" }
        return function.candidateStatus.map { "\(version) (\($0.rawValue))" } ?? String(version)
    }

    private static func range(_ registration: CoordinatorAPI.Registration) -> String {
        switch (registration.minimum, registration.maximum) {
        case (nil, nil): "-"
        case (let minimum?, nil): "from \(minimum)"
        case (nil, let maximum?): "to \(maximum)"
        case (let minimum?, let maximum?): "\(minimum) … \(maximum)"
        }
    }

    private static func switches(_ function: CoordinatorAPI.Function) -> String {
        var words: [String] = []
        if let version = function.pinnedVersion { words.append("pinned to \(version)") }
        if function.neverLower { words.append("never lower") }
        if function.isExcluded { words.append("excluded") }
        return words.joined(separator: ", ")
    }
}
