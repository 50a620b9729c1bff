/// The results of one experiment that belong together, as a page above their own reports.
///
/// Pure, as `ReplayReport`. The report of each part lies in a folder beside the page that is named by its place: `1`, `2`, ….
public struct SeriesReport {
    private let results: [ReplayResult]
    private let command: String?
    private let figures: [Figure]

    /// Makes a page for results of the same strategies.
    ///
    /// - Parameters:
    ///   - results: The parts, in order.
    ///   - command: The command that repeats them.
    public init(_ results: [ReplayResult], command: String? = nil) {
        self.results = results
        self.command = command
        figures = ConvergenceFigures(results: results).all
    }

    /// The page, and the data of each of its figures.
    public var files: [ReplayReport.File] {
        [ReplayReport.File(name: "index.html", text: html)]
            + figures.map { ReplayReport.File(name: $0.id + ".csv", text: $0.table.csv) }
    }

    /// Each figure alone on a page, for a picture of it.
    public var pictures: [ReportPicture] { figures.map(\.picture) }

    private var html: String {
        let title = figures.isEmpty ? "\(results.count) replays" : "Convergence"
        let parts = results.enumerated().map { place, result in
            "<li><a href=\"\(place + 1)/index.html\">\(result.title.escaped)</a></li>"
        }
        let repeating = command.map { "<h2>To repeat it</h2>\n<pre>\($0.escaped)</pre>" } ?? ""
        return ReportPage.document(
            title: "Replay: \(title)",
            body: """
                <main>
                <header>
                <p class="kicker">Fuyun replay</p>
                <h1>\(title)</h1>
                </header>
                \(figures.map(ReportPage.section).joined(separator: "\n"))
                <section id="parts">
                <h2>Each part</h2>
                <ul>
                \(parts.joined(separator: "\n"))
                </ul>
                </section>
                <section id="notes">\(repeating)</section>
                </main>
                """
        )
    }
}
