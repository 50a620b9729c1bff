/// The data behind a figure.
struct Table {
    /// The columns' names.
    var columns: [String]
    /// The rows.
    var rows: [[String]] = []

    /// As comma-separated values (RFC 4180), lines ended by a line feed.
    var csv: String {
        ([columns] + rows).map { $0.map(Self.field).joined(separator: ",") }.joined(separator: "\n") + "\n"
    }

    /// A number at full precision; empty for nil and for what is not a number.
    static func number(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "" }
        return value == value.rounded() && value.magnitude < 1e15 ? String(Int64(value)) : String(value)
    }

    private static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
