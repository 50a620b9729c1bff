import FuyunPolicy

/// What differs between two JSON documents, value by value.
enum DocumentChanges {
    /// A value that differs; nil where it is not there.
    struct Change {
        var path: String
        var from: String?
        var to: String?
    }

    /// The changes, in the order of the second document, then what only the first has.
    static func between(_ first: JSONValue, _ second: JSONValue) -> [Change] {
        var before: [String: String] = [:]
        var order: [String] = []
        walk(first, "$") { path, text in
            before[path] = text
            order.append(path)
        }
        var changes: [Change] = []
        var seen: Set<String> = []
        walk(second, "$") { path, text in
            seen.insert(path)
            if before[path] != text { changes.append(Change(path: path, from: before[path], to: text)) }
        }
        for path in order where !seen.contains(path) { changes.append(Change(path: path, from: before[path], to: nil)) }
        return changes
    }

    private static func walk(_ value: JSONValue, _ path: String, _ leaf: (String, String) -> Void) {
        if case .object(let members) = value.content, !members.isEmpty {
            for member in members { walk(member.value, "\(path).\(member.key)", leaf) }
        } else {
            leaf(path, String(decoding: value.encoded(pretty: false), as: UTF8.self))
        }
    }

    /// The table of changes.
    static func table(_ changes: [Change]) -> Table {
        var table = Table(columns: [
            .words("PATH", minimum: 20), .words("FROM", minimum: 12), .words("TO", minimum: 12),
        ])
        for change in changes {
            table.rows.append([
                Text(change.path), Text(change.from ?? "-", .red), Text(change.to ?? "-", .green),
            ])
        }
        return table
    }
}
