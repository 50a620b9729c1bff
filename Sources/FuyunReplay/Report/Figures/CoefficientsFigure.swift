/// A formula's numbers over the calls after which they were fitted, each on an axis of its own.
struct CoefficientsFigure {
    /// One number.
    struct Series {
        var name: String
        var isOurs: Bool
        var points: [(call: Int, value: Double)]
    }

    var series: [Series]
    /// The last call of the group.
    var calls: Int

    /// Two panels beside each other, or one below the other where there is no room.
    func draw(_ width: Double) -> Drawing {
        var drawing = Drawing(width: width)
        let columns = width < 500 || series.count == 1 ? 1 : 2
        let (height, gap) = (92.0, 54.0)
        let room = width / Double(columns)
        for (place, item) in series.enumerated() {
            let left = Double(place % columns) * room + 52
            let top = Double(place / columns) * (height + gap) + 24
            let right = Double(place % columns + 1) * room - 62
            let values = item.points.map(\.value).filter(\.isFinite)
            let (low, high) = (min(values.min() ?? 0, 0), max(values.max() ?? 1, 0))
            let up = Scale(.linear, low, high + (high - low) * 0.08, from: top + height, to: top)
            let across = Scale(.linear, 0, Double(max(calls, 2)), from: left, to: right)
            drawing.text(item.name.cut(to: 40), left, top - 13, item.isOurs ? "panel ours" : "panel")
            for tick in up.ticks(3) {
                drawing.line(left, up.place(tick), right, up.place(tick), tick == 0 ? "axis" : "grid")
                drawing.text(Numeral.short(tick), left - 7, up.place(tick), "tick", .end)
            }
            for tick in across.ticks(4) {
                drawing.text(Numeral.short(tick), across.place(tick), top + height + 13, "tick", .middle)
            }
            drawing.text("call", left - 7, top + height + 13, "tick", .end)
            draw(&drawing, item, up, across)
        }
        drawing.height = Double((series.count + columns - 1) / columns) * (height + gap) - 4
        return drawing
    }

    private func draw(_ drawing: inout Drawing, _ item: Series, _ up: Scale, _ across: Scale) {
        let style = item.isOurs ? "ours" : "other"
        var steps: [(x: Double, y: Double)] = []
        for point in item.points where point.value.isFinite {
            let (x, y) = (across.place(Double(point.call)), up.place(point.value))
            if let last = steps.last { steps.append((x, last.y)) }
            steps.append((x, y))
        }
        guard let last = steps.last, let value = item.points.last?.value else { return }
        drawing.path(steps + [(across.end, last.y)], "limit \(style)")
        if item.points.count <= 60 {
            for point in item.points where point.value.isFinite {
                let title = "after call \(point.call): \(Numeral.short(point.value))"
                drawing.dot(
                    across.place(Double(point.call)),
                    up.place(point.value),
                    2.2,
                    "dot \(style)",
                    title: title
                )
            }
        }
        drawing.text(Numeral.short(value), across.end + 7, last.y, "value \(style)")
    }
}
