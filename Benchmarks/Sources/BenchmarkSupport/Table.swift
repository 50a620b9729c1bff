/// A table of plain text, columns as wide as their widest cell, the first one left and the others right.
public struct Table {
    private var rows: [[String]]

    /// A table with its head.
    public init(_ head: [String]) { rows = [head] }

    /// Adds a row.
    public mutating func add(_ row: [String]) { rows.append(row) }

    /// Prints the table under a title.
    public func print(_ title: String) {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        Swift.print("\n\(title)")
        for row in rows {
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + space : space + cell
            }
            Swift.print("  " + cells.joined(separator: "  "))
        }
    }
}

/// A number with so many digits behind the point.
public func fixed(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "\(value)" }
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let whole = Int(scaled)
    let part = String(whole % Int(scale))
    let sign = value < 0 ? "-" : ""
    guard digits > 0 else { return sign + String(whole) }
    return "\(sign)\(whole / Int(scale))." + String(repeating: "0", count: digits - part.count) + part
}
