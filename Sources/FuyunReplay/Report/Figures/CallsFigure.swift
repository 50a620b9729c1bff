import MemoryUnits

/// Need against limit, call after call, one panel a strategy.
struct CallsFigure {
    /// A strategy's calls.
    struct Panel {
        var name: String
        var isOurs: Bool
        var calls: [CallRecord]
    }

    var panels: [Panel]

    /// Calls drawn at most: more would be a smear.
    static let most = 240

    /// Panels one below the other, on one scale, so that heights compare.
    func draw(_ width: Double) -> Drawing {
        var drawing = Drawing(width: width)
        let (height, gap, left) = (width < 500 ? 96.0 : 116.0, 34.0, 58.0)
        let all = panels.flatMap(\.calls)
        let values = all.flatMap { [Double($0.need.rawValue), Double($0.finalLimit.rawValue)] }.filter { $0 > 0 }
        let (least, largest) = (values.min() ?? 1, values.max() ?? 2)
        let isWide = largest / least > 20
        let count = Double(max(panels.map { $0.calls.last?.call ?? 1 }.max() ?? 1, 2))
        var top = 24.0
        for (place, panel) in panels.enumerated() {
            let across = Scale(.linear, 1, count, from: left, to: width - 8)
            let up = Scale(
                isWide ? .logarithm : .linear,
                isWide ? least * 0.8 : 0,
                largest * 1.05,
                from: top + height,
                to: top
            )
            drawing.text(panel.name.cut(to: 36), left, top - 12, panel.isOurs ? "panel ours" : "panel")
            drawing.text(summary(panel), width - 8, top - 12, "tick", .end)
            drawFrame(&drawing, up, across, top: top, height: height, isLast: place == panels.count - 1)
            drawCalls(&drawing, panel, up, across)
            top += height + gap
        }
        drawing.height = top + 4
        return drawing
    }

    private func drawFrame(
        _ drawing: inout Drawing,
        _ up: Scale,
        _ across: Scale,
        top: Double,
        height: Double,
        isLast: Bool
    ) {
        for tick in up.binaryTicks(3) {
            drawing.line(across.start, up.place(tick), across.end, up.place(tick), tick == 0 ? "axis" : "grid")
            drawing.text(Numeral.bytes(tick), across.start - 7, up.place(tick), "tick", .end)
        }
        guard isLast else { return }
        for tick in across.ticks(across.end < 500 ? 5 : 8) where tick >= 1 {
            drawing.text(Numeral.short(tick), across.place(tick), top + height + 12, "tick", .middle)
        }
        drawing.text("call", across.start - 7, top + height + 12, "tick", .end)
    }

    private func drawCalls(_ drawing: inout Drawing, _ panel: Panel, _ up: Scale, _ across: Scale) {
        let half = (across.end - across.start) / (across.upper - across.lower) / 2
        var limits: [(x: Double, y: Double)] = []
        var ground: [(x: Double, y: Double)] = []
        for call in panel.calls {
            let (x, y) = (across.place(Double(call.call)), up.place(Double(call.limit.rawValue)))
            let (from, to) = (max(x - half, across.start), min(x + half, across.end))
            limits += [(from, y), (to, y)]
            ground.append((x, up.place(Double(call.need.rawValue))))
        }
        drawing.path(limits, panel.isOurs ? "limit ours" : "limit other")
        drawing.specks(ground, "need")
        for call in panel.calls where call.failed {
            drawing.cross(across.place(Double(call.call)), up.place(Double(call.need.rawValue)), 3.6, "miss")
        }
        for call in panel.calls where call.rescued {
            let (x, y) = (across.place(Double(call.call)), up.place(Double(call.need.rawValue)))
            drawing.path([(x - 3.5, y + 2), (x, y - 3.5), (x + 3.5, y + 2)], "raised")
        }
    }

    private func summary(_ panel: Panel) -> String {
        let (missed, raised) = (panel.calls.count { $0.failed }, panel.calls.count { $0.rescued })
        var text = "\(missed) of \(panel.calls.count) killed"
        if raised > 0 { text += ", \(raised) raised" }
        return text
    }
}
