import ArgumentParser
import FuyunPolicy
import FuyunReplay
import Glibc
import Synchronization

/// How the outcome of a replay is shown.
struct ReplayOutput: ParsableArguments {
    @Flag(help: "JSON instead of tables.")
    var json = false

    @Option(help: "A folder for a report: a page with its figures, and their data.")
    var report: String?

    @Flag(help: "With --report: each figure as a picture too; needs a browser such as chromium.")
    var png = false

    func validate() throws {
        if png, report == nil { throw ValidationError("--png says how figures are kept; say where: --report FOLDER") }
    }

    /// What has to hold before a long replay is worth starting: a folder that can be written, and a browser for pictures.
    func prepare() throws -> HeadlessBrowser? {
        guard let report else { return nil }
        do {
            try ReportFolder.make(report)
        } catch {
            throw CommandFailure("the report cannot be written to \(report): \(error)")
        }
        guard png else { return nil }
        do {
            return try HeadlessBrowser.find(in: getenv("PATH").map { String(cString: $0) } ?? "")
        } catch {
            throw CommandFailure(error.description)
        }
    }

    /// Shows results.
    func show(_ results: [ReplayResult], _ browser: HeadlessBrowser?, on console: Console) throws {
        if let report {
            let command = (["fuyun"] + CommandLine.arguments.dropFirst().map(Self.quoted)).joined(separator: " ")
            if results.count == 1 {
                try keep(ReplayReport(results[0], command: command), in: report, browser)
            } else {
                let series = SeriesReport(results, command: command)
                try keep(series.files, series.pictures, in: report, browser)
                for (place, result) in results.enumerated() {
                    try keep(ReplayReport(result, command: command), in: "\(report)/\(place + 1)", browser)
                }
            }
        }
        if json {
            let values = results.map { $0.json() }
            console.raw((values.count == 1 ? values[0] : .array(values)).encoded())
        } else {
            for result in results { ReplayView(result: result).show(on: console) }
        }
    }

    private func keep(_ report: ReplayReport, in folder: String, _ browser: HeadlessBrowser?) throws {
        try keep(report.files, report.pictures, in: folder, browser)
    }

    private func keep(
        _ files: [ReplayReport.File],
        _ pictures: [ReportPicture],
        in folder: String,
        _ browser: HeadlessBrowser?
    ) throws {
        do {
            try ReportFolder.write(files, to: folder)
        } catch {
            throw CommandFailure("the report cannot be written to \(folder): \(error)")
        }
        guard let browser else { return }
        for picture in pictures {
            do {
                try browser.photograph(picture, into: folder)
            } catch {
                throw CommandFailure("the report is complete but for its pictures: \(error.description)")
            }
        }
    }

    /// A word of a command as a shell takes it.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy {
            $0 > 0x2A && $0 < 0x7F && ![0x3B, 0x3C, 0x3E, 0x3F, 0x5B, 0x5C, 0x60, 0x7B, 0x7C, 0x7D].contains($0)
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}

/// A replay's figures as tables, one a window.
struct ReplayView {
    var result: ReplayResult

    func show(on console: Console) {
        let groups = result.groups.count
        console.line(Text(result.title, .bold))
        console.line(
            Text(
                "\(result.rows) calls, \(groups) \(groups == 1 ? "group" : "groups"); FAILED, WASTE and RESCUED are means "
                    + "over groups, with 95 % intervals of groups and runs drawn anew",
                .dim
            )
        )
        for (place, window) in result.options.windows.enumerated() {
            console.line()
            if result.options.windows.count > 1 { console.line(Text(window.description, .bold)) }
            console.table(table(place))
            if let note = ruleOfThree(place) { console.line(Text(note, .dim)) }
        }
        console.line()
    }

    private func table(_ place: Int) -> Table {
        var table = Table(columns: [
            .name("STRATEGY"), .figure("FAILED %"), .figure("INTERVAL", leaveOut: 2), .figure("WASTE"),
            .figure("INTERVAL", leaveOut: 3), .figure("RESCUED %"), .figure("WASTE/USE"), .figure("MAQ", leaveOut: 4),
            .figure("RETRIES", leaveOut: 5), .figure("FINAL %", leaveOut: 6), .figure("EXACT/OVER %", leaveOut: 9),
            .figure("RELIABLE AFTER", leaveOut: 7), .figure("FITS/100", leaveOut: 8), .figure("MATCHED WASTE"),
        ])
        for strategy in result.strategies {
            let window = strategy.windows[place]
            let score = window.pooled
            let rescued = score.raises > 0 ? fixed(window.meanRescued.map { $0.value * 100 }, 1) : ""
            table.rows.append([
                Text(strategy.name), Text(fixed(window.meanFailures.map { $0.value * 100 }, 2)),
                Text(interval(window.meanFailures, 100, 2)), Text(fixed(window.meanWaste?.value, 3)),
                Text(interval(window.meanWaste, 1, 3)), Text(rescued), Text(fixed(window.wasteOverUse?.value, 3)),
                Text(fixed(score.allocationQuality, 3)), Text(fixed(score.retriesPerCall, 3)),
                Text(fixed(score.finalSuccess * 100, 2)), Text(fixed(score.exactOrOverShare * 100, 2)),
                Text(strategy.medianReliableAfter.map { String($0) } ?? "never"),
                Text(fixed(strategy.refitsPer100, 1)), Text(window.matched.map { fixed($0.waste, 3) } ?? ""),
            ])
        }
        return table
    }

    /// What no failure at all still allows.
    private func ruleOfThree(_ place: Int) -> String? {
        let clean = result.strategies.filter { $0.windows[place].pooled.firstFailures == 0 && $0.name != "oracle" }
        guard let first = clean.first?.windows[place], first.distinctCalls > 0 else { return nil }
        // Downwards: a bound must not look better than it is.
        let least = ((1 - first.firstFailures.upper) * 10_000).rounded(.down) / 10_000
        return "no failure in \(Int(first.distinctCalls)) distinct calls still means success of no less than "
            + "\(fixed(least, 4)) at 95 %"
    }

    private func interval(_ estimate: Estimate?, _ factor: Double, _ decimals: Int) -> String {
        estimate.map { "\(fixed($0.lower * factor, decimals))-\(fixed($0.upper * factor, decimals))" } ?? "-"
    }
}

/// A number with just so many decimals, `-` where there is none.
private func fixed(_ value: Double?, _ decimals: Int) -> String {
    guard let value, value.isFinite, value.magnitude < 1e12 else { return "-" }
    var factor = 1.0
    for _ in 0..<decimals { factor *= 10 }
    let scaled = Int64((value.magnitude * factor).rounded())
    let (whole, part) = scaled.quotientAndRemainder(dividingBy: Int64(factor))
    let digits = String(part)
    let sign = value < 0 && scaled != 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - digits.count) + digits
}

/// A line on standard error that says how far a replay is, on a terminal.
final class ProgressMeter: Sendable {
    private let isShown: Bool
    private let last = Mutex(-1)

    init(console: Console, isQuiet: Bool) {
        isShown = !isQuiet && console.width != nil && isatty(STDERR_FILENO) == 1
    }

    /// Shows a share.
    func show(_ share: Double) {
        guard isShown else { return }
        let percent = Int((share * 100).rounded(.down))
        let isNew = last.withLock { last in
            defer { last = max(last, percent) }
            return percent > last
        }
        guard isNew else { return }
        write("\r\(percent) % ")
    }

    /// Removes the line.
    func end() { if isShown { write("\r\u{1B}[K") } }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
