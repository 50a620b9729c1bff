/// What a replay came to, as a page to read and as data to go on with.
///
/// Pure: the same result gives the same text. `index.html` stands by itself (drawings are in it, nothing is loaded, nothing is
/// run), follows the reader's choice of light or dark, prints, and fits a telephone; beside it lies each figure's data.
public struct ReplayReport {
    /// A file of the report.
    public struct File: Hashable, Sendable {
        /// Its name within the report's folder.
        public var name: String
        /// What it holds.
        public var text: String
    }

    let result: ReplayResult
    /// How to repeat it: a command, shown as it is.
    let command: String?
    let figures: [Figure]

    /// Makes a report.
    ///
    /// - Parameters:
    ///   - result: A replay's result; with `ReplayOptions.keepsCalls`, it also shows single calls and coefficients.
    ///   - command: The command that repeats it.
    public init(_ result: ReplayResult, command: String? = nil) {
        self.result = result
        self.command = command
        figures = FigureBuilder(result: result).all
    }

    /// The page, and the data of each of its figures and of the table.
    public var files: [File] {
        [File(name: "index.html", text: ReportPage(report: self).html)]
            + figures.map { File(name: $0.id + ".csv", text: $0.table.csv) }
            + [File(name: "table.csv", text: ScoreTable(result: result).table.csv)]
    }

    /// Each figure alone on a page of its size, for a picture of it.
    public var pictures: [ReportPicture] { figures.map(\.picture) }

    /// Whether a strategy is one of Fuyun's own, and not the paper's.
    static func isOurs(_ name: String) -> Bool { name.hasPrefix("fuyun") && !name.hasPrefix("fuyun-paper") }
}

/// A figure alone on a page, to be made a picture of.
public struct ReportPicture: Hashable, Sendable {
    /// The stem of its file.
    public var name: String
    /// The page.
    public var html: String
    /// The page's width, in CSS pixels.
    public var width: Int
    /// The page's height.
    public var height: Int
}

extension Figure {
    /// The figure alone on a page of its size.
    var picture: ReportPicture {
        let drawing = draw(Figure.wide)
        return ReportPicture(
            name: id,
            html: ReportPage.single(self, drawing),
            width: Int(drawing.width) + 48,
            height: Int(drawing.height.rounded(.up)) + 84
        )
    }
}

extension CallWindow {
    /// The window in a sentence: `calls with 3 to 9 before`, `calls with 10 or more before`.
    var words: String {
        switch last {
        case first: "the call with \(first) before"
        case let last?: "calls with \(first) to \(last) before"
        case nil: first == 0 ? "all calls" : "calls with \(first) or more before"
        }
    }
}
