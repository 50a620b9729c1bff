/// Lines over a common axis, one panel below the other, each line named at its end.
struct LineFigure {
    /// A point of a line.
    struct Point {
        var x: Double
        var y: Double
    }

    /// A strategy's line.
    struct Series {
        var name: String
        var isOurs: Bool
        var points: [Point]
    }

    /// One measure.
    struct Panel {
        var title: String
        var lower: Double
        var upper: Double
        var series: [Series]
    }

    var panels: [Panel]
    /// What the common axis counts.
    var axis: String

    private static let labelHeight = 14.0

    /// Panels one below the other.
    func draw(_ width: Double) -> Drawing {
        var drawing = Drawing(width: width)
        let isNarrow = width < 500
        let left = isNarrow ? 34.0 : 48.0
        let room = isNarrow ? 164.0 : 190.0
        var top = 30.0
        for panel in panels {
            let height = max(200, Double(panel.series.count) * Self.labelHeight)
            let xs = panel.series.flatMap(\.points).map(\.x)
            let ticks = Array(Set(xs)).sorted()
            let across = Scale(.linear, xs.min() ?? 0, xs.max() ?? 1, from: left + 6, to: width - room)
            let up = Scale(.linear, panel.lower, panel.upper, from: top + height, to: top)
            drawing.text(panel.title, left, top - 16, "panel")
            for tick in up.ticks(5) {
                drawing.line(left, up.place(tick), width - room, up.place(tick), tick == panel.lower ? "axis" : "grid")
                drawing.text(Numeral.fixed(tick, 2), left - 7, up.place(tick), "tick", .end)
            }
            for tick in ticks {
                drawing.text(Numeral.short(tick), across.place(tick), top + height + 13, "tick", .middle)
            }
            drawing.text(axis, width - room + 12, top + height + 13, "tick")
            // Ours last, so that they lie on top.
            for series in panel.series.filter({ !$0.isOurs }) + panel.series.filter(\.isOurs) {
                let style = series.isOurs ? "ours" : "other"
                drawing.path(series.points.map { (across.place($0.x), up.place($0.y)) }, "limit \(style)")
                for point in series.points {
                    let title = "\(series.name), \(Numeral.short(point.x)) \(axis): \(Numeral.fixed(point.y, 3))"
                    drawing.dot(across.place(point.x), up.place(point.y), 2.4, "dot \(style)", title: title)
                }
            }
            drawLabels(&drawing, panel, up, from: width - room, narrow: isNarrow, top: top, height: height)
            top += height + 68
        }
        drawing.height = top - 38
        return drawing
    }

    /// Names at the ends of their lines, moved apart where they would overlap, with a thread to the line.
    private func drawLabels(
        _ drawing: inout Drawing,
        _ panel: Panel,
        _ up: Scale,
        from start: Double,
        narrow: Bool,
        top: Double,
        height: Double
    ) {
        let ends = panel.series.compactMap { series in series.points.last.map { (series, $0.y, up.place($0.y)) } }
            .sorted { ($0.2, $0.0.name) < ($1.2, $1.0.name) }
        var places: [Double] = []
        for end in ends { places.append(max(end.2, (places.last ?? -.infinity) + Self.labelHeight)) }
        // What was pushed beyond the foot goes back up.
        var limit = top + height
        for place in places.indices.reversed() {
            places[place] = min(places[place], limit)
            limit = places[place] - Self.labelHeight
        }
        for (end, place) in zip(ends, places) {
            drawing.line(start + 3, end.2, start + 13, place, "grid")
            let name = end.0.name.cut(to: 22)
            let text = "\(Numeral.fixed(end.1, narrow ? 2 : 3)) \(name)"
            drawing.text(text, start + 16, place, end.0.isOurs ? "value ours" : "value")
        }
    }
}
