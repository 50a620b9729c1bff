/// Rows in columns, fitted to the width of a terminal.
///
/// Too wide a table first shortens columns of words, then leaves out the columns that matter least. Figures are never
/// cut and lines never broken.
struct Table {
    /// A column.
    struct Column {
        /// Which side the cells stand on.
        enum Side {
            case left
            case right
        }

        /// What the column may give up when there is too little room.
        enum Give: Equatable {
            /// Nothing: figures.
            case nothing
            /// Characters at the end, down to so many.
            case end(minimum: Int)
            /// Characters at the start, down to so many: paths.
            case start(minimum: Int)
        }

        /// The heading.
        var title: String
        /// Which side the cells stand on.
        var side = Side.left
        /// What may be given up.
        var give = Give.nothing
        /// The order in which columns are left out, highest first; 0: never.
        var leaveOut = 0

        /// A column of words.
        static func words(_ title: String, minimum: Int = 8, leaveOut: Int = 0) -> Column {
            Column(title: title, give: .end(minimum: minimum), leaveOut: leaveOut)
        }

        /// A column of paths.
        static func path(_ title: String, minimum: Int = 12, leaveOut: Int = 0) -> Column {
            Column(title: title, give: .start(minimum: minimum), leaveOut: leaveOut)
        }

        /// A column of words that are never cut.
        static func name(_ title: String, leaveOut: Int = 0) -> Column { Column(title: title, leaveOut: leaveOut) }

        /// A column of figures.
        static func figure(_ title: String, leaveOut: Int = 0) -> Column {
            Column(title: title, side: .right, leaveOut: leaveOut)
        }
    }

    /// The columns.
    var columns: [Column]
    /// The rows, a cell for each column.
    var rows: [[Text]] = []
    /// Whether the headings are shown.
    var hasHeading = true
    /// Blanks before each line.
    var indentation = 0

    /// The table as lines, and the headings of the columns for which there was no room.
    func lines(width: Int?) -> (lines: [Text], leftOut: [String]) {
        let (shown, widths, leftOut) = fit(width)
        var result: [Text] = []
        if hasHeading {
            result.append(line(shown.map { Text(columns[$0].title, .bold) }, shown, widths))
        }
        for row in rows { result.append(line(shown.map { row[$0] }, shown, widths)) }
        return (result, leftOut.map { columns[$0].title })
    }

    /// Chooses the columns and their widths.
    private func fit(_ available: Int?) -> (shown: [Int], widths: [Int], leftOut: [Int]) {
        let natural = columns.indices.map { column in
            rows.reduce(hasHeading ? columns[column].title.count : 0) { max($0, $1[column].count) }
        }
        // A column without a single cell says nothing.
        var shown = columns.indices.filter { column in rows.isEmpty || rows.contains { $0[column].count > 0 } }
        guard let available else { return (shown, shown.map { natural[$0] }, []) }
        var leftOut: [Int] = []
        while true {
            var widths = shown.map { natural[$0] }
            var excess = indentation + widths.reduce(0, +) + 2 * max(shown.count - 1, 0) - available
            // The widest gives first, so that all that can give end up about equally wide.
            while excess > 0, let widest = widestGiving(shown, widths) {
                widths[widest] -= 1
                excess -= 1
            }
            guard excess > 0, let victim = shown.filter({ columns[$0].leaveOut > 0 }).max(by: leavesLater) else {
                return (shown, widths, leftOut.sorted())
            }
            leftOut.append(victim)
            shown.removeAll { $0 == victim }
        }
    }

    private func leavesLater(_ left: Int, _ right: Int) -> Bool { columns[left].leaveOut < columns[right].leaveOut }

    private func widestGiving(_ shown: [Int], _ widths: [Int]) -> Int? {
        shown.indices.filter { widths[$0] > minimum(columns[shown[$0]]) }.max { widths[$0] < widths[$1] }
    }

    private func minimum(_ column: Column) -> Int {
        switch column.give {
        case .nothing: .max
        case .end(let minimum), .start(let minimum): max(minimum, hasHeading ? column.title.count : 0)
        }
    }

    private func line(_ cells: [Text], _ shown: [Int], _ widths: [Int]) -> Text {
        var line = Text(String(repeating: " ", count: indentation))
        for (place, cell) in cells.enumerated() {
            let column = columns[shown[place]]
            let isPath = if case .start = column.give { true } else { false }
            let text = column.give == .nothing ? cell : cell.cut(to: widths[place], keepsEnd: isPath)
            let blanks = Text(String(repeating: " ", count: max(widths[place] - text.count, 0)))
            let isLast = place == cells.count - 1
            if place > 0 { line = line + "  " }
            switch column.side {
            case .right: line = line + blanks + text
            case .left: line = isLast ? line + text : line + text + blanks
            }
        }
        return line.withoutTrailingBlanks
    }
}

extension Console {
    /// Writes a table; says which columns there was no room for.
    func table(_ table: Table) {
        let (lines, leftOut) = table.lines(width: width)
        self.lines(lines)
        if !leftOut.isEmpty, !table.rows.isEmpty {
            line(Text("not shown for want of room: \(leftOut.joined(separator: ", ").lowercased())", .dim))
        }
    }
}
