import FuyunPolicy

/// What `fuyun policy check` says.
struct CheckReport {
    /// The documents, in order.
    var files: [CheckedPolicy]

    private var errors: Int { files.reduce(0) { $0 + $1.errors } }
    private var warnings: Int { files.reduce(0) { $0 + $1.warnings } }

    /// Whether no document has an error.
    var isGood: Bool { errors == 0 }

    /// For people and editors: `FILE:line:column: error: $.path: message [code]`, and a summary.
    var lines: [Text] {
        var lines: [Text] = []
        for file in files {
            for diagnostic in file.diagnostics { lines.append(line(file, diagnostic)) }
            guard file.errors == 0, let policy = file.policy else { continue }
            lines.append(
                Text("\(file.name): ") + Text("ok", .green)
                    + Text(": \(policy.id) version \(policy.version) (\(policy.status.rawValue))")
            )
        }
        let documents = files.filter { file in !file.diagnostics.contains { $0.code == .noDocuments } }
        let bad = documents.count { $0.errors > 0 }
        let summary = [
            counted(documents.count, "document"), bad == 0 ? nil : "\(bad) bad", counted(errors, "error"),
            counted(warnings, "warning"),
        ]
        lines.append(Text(summary.compactMap(\.self).joined(separator: ", "), isGood ? .green : .red))
        return lines
    }

    private func line(_ file: CheckedPolicy, _ diagnostic: Diagnostic) -> Text {
        let place = diagnostic.position.map { "\(file.name):\($0): " } ?? "\(file.name): "
        return Text(place, .bold)
            + Text(diagnostic.severity.rawValue, diagnostic.severity == .error ? .red : .yellow)
            + Text(": \(diagnostic.path): \(diagnostic.message) ") + Text("[\(diagnostic.code)]", .dim)
    }

    /// For programs.
    var json: JSONValue {
        .object([
            ("ok", .bool(isGood)), ("errors", .integer(errors)), ("warnings", .integer(warnings)),
            ("files", .array(files.map(json))),
        ])
    }

    private func json(_ file: CheckedPolicy) -> JSONValue {
        .object([
            ("file", .string(file.name)),
            ("ok", .bool(file.errors == 0)),
            ("policy_id", file.policy.map { .string($0.id) }),
            ("version", file.policy.map { .integer($0.version) }),
            ("status", file.policy.map { .string($0.status.rawValue) }),
            ("diagnostics", .array(file.diagnostics.map(json))),
        ])
    }

    private func json(_ diagnostic: Diagnostic) -> JSONValue {
        .object([
            ("severity", .string(diagnostic.severity.rawValue)),
            ("line", diagnostic.position.map { .integer($0.line) }),
            ("column", diagnostic.position.map { .integer($0.column) }),
            ("path", .string(diagnostic.path)),
            ("code", .string(diagnostic.code.rawValue)),
            ("message", .string(diagnostic.message)),
        ])
    }
}
