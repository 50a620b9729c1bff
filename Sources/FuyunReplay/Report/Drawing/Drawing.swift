/// A picture in the making: SVG whose colours come from the page's style sheet, so that one drawing serves light, dark and paper.
struct Drawing {
    /// Its width, in its own units; the page shows one as a CSS pixel at most.
    let width: Double
    /// Its height.
    var height = 0.0
    private var body = ""

    init(width: Double) { self.width = width }

    /// Where a text's given point lies in it.
    enum Anchor: String {
        case start
        case middle
        case end
    }

    /// A straight line.
    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        body += """
            <line class="\(style)" x1="\(n(x1))" y1="\(n(y1))" x2="\(n(x2))" y2="\(n(y2))"/>

            """
    }

    /// A path through points; nothing for fewer than two.
    mutating func path(_ points: [(x: Double, y: Double)], _ style: String) {
        guard points.count > 1 else { return }
        let way = points.enumerated().map { ($0 == 0 ? "M" : "L") + n($1.x) + " " + n($1.y) }.joined()
        body += "<path class=\"\(style)\" d=\"\(way)\"/>\n"
    }

    /// A filled area between points.
    mutating func area(_ points: [(x: Double, y: Double)], _ style: String) {
        guard points.count > 2 else { return }
        let way = points.enumerated().map { ($0 == 0 ? "M" : "L") + n($1.x) + " " + n($1.y) }.joined()
        body += "<path class=\"\(style)\" d=\"\(way)Z\"/>\n"
    }

    /// A dot, with what a pointer that rests on it is told.
    mutating func dot(_ x: Double, _ y: Double, _ radius: Double, _ style: String, title: String? = nil) {
        let inside = title.map { "><title>\($0.escaped)</title></circle>" } ?? "/>"
        body += "<circle class=\"\(style)\" cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(radius))\"\(inside)\n"
    }

    /// Many small dots as one path: a tenth of the text that circles would take.
    mutating func specks(_ points: [(x: Double, y: Double)], _ style: String) {
        guard !points.isEmpty else { return }
        body += "<path class=\"\(style)\" d=\"" + points.map { "M\(n($0.x)) \(n($0.y))h0" }.joined() + "\"/>\n"
    }

    /// A cross.
    mutating func cross(_ x: Double, _ y: Double, _ reach: Double, _ style: String) {
        body += """
            <path class="\(style)" d="M\(n(x - reach)) \(n(y - reach))L\(n(x + reach)) \(n(y + reach))\
            M\(n(x - reach)) \(n(y + reach))L\(n(x + reach)) \(n(y - reach))"/>

            """
    }

    /// A line of text, centred on its height.
    mutating func text(_ text: String, _ x: Double, _ y: Double, _ style: String, _ anchor: Anchor = .start) {
        body += """
            <text class="\(style)" x="\(n(x))" y="\(n(y))" dy=".35em" text-anchor="\(anchor.rawValue)">\(text.escaped)</text>

            """
    }

    /// The element, with a name and a description for those who do not see it.
    func svg(id: String, title: String, description: String) -> String {
        """
        <svg viewBox="0 0 \(n(width)) \(n(height))" width="\(n(width))" height="\(n(height))" role="img" \
        aria-labelledby="\(id)-t \(id)-d"><title id="\(id)-t">\(title.escaped)</title>\
        <desc id="\(id)-d">\(description.escaped)</desc>
        \(body)</svg>
        """
    }

    private func n(_ value: Double) -> String { Numeral.length(value) }
}
