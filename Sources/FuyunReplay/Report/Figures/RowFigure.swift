/// One row a strategy, one dot a figure, a bar for its interval, and the number in words beside it.
struct RowFigure {
    /// A strategy's row.
    struct Row {
        var name: String
        /// Whether it is one of ours.
        var isOurs: Bool
        /// A mark for each panel; nil leaves the place empty.
        var marks: [Mark?]
    }

    /// A figure with its interval.
    struct Mark {
        var value: Double?
        var lower: Double
        var upper: Double
        var label: String
    }

    /// One measure, with an axis of its own.
    struct Panel {
        var title: String
        var kind: Scale.Kind
        /// The axis ends here even when all are smaller.
        var atLeast: Double
        /// The axis ends here even when some are larger.
        var atMost = Double.infinity
        var tick: (Double) -> String
    }

    var panels: [Panel]
    var rows: [Row]

    private var isNarrow = false

    /// Makes a figure.
    init(panels: [Panel], rows: [Row]) {
        (self.panels, self.rows) = (panels, rows)
    }

    /// Where there is little room a row holds its name above its mark.
    private var rowHeight: Double { isNarrow ? 40 : 26 }

    /// Panels side by side, or one below the other where there is no room.
    func draw(_ width: Double) -> Drawing {
        var figure = self
        figure.isNarrow = width < 500
        return figure.drawn(width)
    }

    private func drawn(_ width: Double) -> Drawing {
        var drawing = Drawing(width: width)
        let longest = Double(rows.map { min($0.name.count, Self.longestName) }.max() ?? 8)
        let names = isNarrow ? 0 : min(longest * 7 + 14, width * 0.36)
        if isNarrow || panels.count == 1 {
            var top = 0.0
            for place in panels.indices {
                drawNames(&drawing, top: top + 30, width: names)
                draw(&drawing, place, from: names, to: width, top: top, narrow: isNarrow)
                top += bodyHeight + 58
            }
            drawing.height = top - 6
        } else {
            drawNames(&drawing, top: 30, width: names)
            let room = (width - names) / Double(panels.count)
            for place in panels.indices {
                let start = names + Double(place) * room
                draw(&drawing, place, from: start + (place == 0 ? 0 : 14), to: start + room, top: 0, narrow: false)
            }
            drawing.height = bodyHeight + 52
        }
        return drawing
    }

    private static let longestName = 32

    private var bodyHeight: Double { Double(rows.count) * rowHeight }

    private func drawNames(_ drawing: inout Drawing, top: Double, width: Double) {
        for (place, row) in rows.enumerated() {
            let style = row.isOurs ? "name ours" : "name"
            let name = row.name.cut(to: Self.longestName)
            if isNarrow {
                drawing.text(name, 6, top + Double(place) * rowHeight + 11, style)
            } else {
                drawing.text(name, width - 12, top + (Double(place) + 0.5) * rowHeight, style, .end)
            }
        }
    }

    private func draw(
        _ drawing: inout Drawing,
        _ place: Int,
        from start: Double,
        to end: Double,
        top: Double,
        narrow: Bool
    ) {
        let panel = panels[place]
        let marks = rows.map { $0.marks[place] }
        let labels = Double(marks.map { $0?.label.count ?? 0 }.max() ?? 0) * 6.6 + 12
        let largest = marks.compactMap { $0.map { max($0.value ?? 0, $0.upper.isFinite ? $0.upper : 0) } }.max() ?? 0
        let upper = min(max(largest, panel.atLeast), panel.atMost)
        let scale = Scale(panel.kind, 0, upper, from: start + 6, to: end - labels)
        drawing.text(panel.title, start + 6, top + 10, "panel")
        let (first, last) = (top + 30, top + 30 + bodyHeight)
        for tick in scale.ticks(narrow ? 4 : 5) {
            drawing.line(scale.place(tick), first, scale.place(tick), last, tick == 0 ? "axis" : "grid")
            drawing.text(panel.tick(tick), scale.place(tick), last + 13, "tick", .middle)
        }
        for (row, mark) in zip(rows, marks).enumerated().map({ ($0, $1.1) }) {
            guard let mark else { continue }
            let y = first + (Double(row) + (isNarrow ? 0.7 : 0.5)) * rowHeight
            // A thread from the name to its figure.
            drawing.line(scale.start, y, scale.end, y, "grid")
            let style = rows[row].isOurs ? "ours" : "other"
            drawing.line(scale.place(mark.lower), y, scale.place(mark.upper), y, "range \(style)")
            if mark.upper > upper {
                let x = scale.place(upper)
                drawing.path([(x - 4, y - 4), (x, y), (x - 4, y + 4)], "range \(style)")
            }
            if let value = mark.value {
                let title = "\(rows[row].name): \(mark.label)"
                drawing.dot(scale.place(value), y, rows[row].isOurs ? 4.5 : 3.5, "dot \(style)", title: title)
            }
            drawing.text(mark.label, end, y, rows[row].isOurs ? "value ours" : "value", .end)
        }
    }
}
