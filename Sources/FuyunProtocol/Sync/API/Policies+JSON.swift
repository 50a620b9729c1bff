import FuyunPolicy

extension CoordinatorAPI.PolicyItem: WireValue {
    fileprivate enum Key: String, CaseIterable, Sendable {
        case function, version, status, supersedes, author, reason
        case created = "created_ms"
        case statusSince = "status_since_ms"
        case figures, document, notes
    }
    private static let keys = JSONWords<Key>(required: [.version, .status])
    private static let statuses = JSONWords<PolicyStatus>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        try self.init(reading: &json) { json, _ throws(JSONError) in try json.skip() }
    }

    /// Reads the members of an item, and hands those that it does not have to `other`.
    fileprivate init(
        reading json: inout JSONReader,
        _ other: (inout JSONReader, Key) throws(JSONError) -> Void
    ) throws(JSONError) {
        self.init(version: 0, status: .draft, author: "", reason: "", createdAt: 0, statusSince: 0)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .version: version = try json.version()
            case .status: status = try json.word(Self.statuses)
            case .supersedes: supersedes = try json.versionOrNull()
            case .author: author = try json.string()
            case .reason: reason = try json.string()
            case .created: createdAt = try json.moment()
            case .statusSince: statusSince = try json.moment()
            case .figures: figures = try json.valueOrNull()
            case .function, .document, .notes: try other(&json, key)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.field("version", version)
        json.field("status", status.rawValue)
        json.field("supersedes", supersedes)
        json.field("author", author)
        json.field("reason", reason)
        json.field("created_ms", createdAt)
        json.field("status_since_ms", statusSince)
        json.field("figures", figures)
    }
}

extension CoordinatorAPI.Figures: WireValue {
    private enum Key: String, CaseIterable, Sendable { case calls, misses, waste }
    private static let keys = JSONWords<Key>(required: [.calls, .misses])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(calls: 0, misses: 0, waste: nil)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .calls: calls = try json.count()
            case .misses: misses = try json.count()
            case .waste: waste = try json.numberOrNull()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("calls", calls)
        json.field("misses", misses)
        json.field("waste", waste)
        json.endObject()
    }
}

extension CoordinatorAPI.Policy: WireValue {
    package init(reading json: inout JSONReader) throws(JSONError) {
        var function: String?
        var document: [UInt8]?
        var notes: [UInt8]?
        let item = try CoordinatorAPI.PolicyItem(reading: &json) { json, key throws(JSONError) in
            switch key {
            case .function: function = try json.functionName()
            case .document: document = try json.raw(maximum: JSONDocument.maximumSize)
            case .notes: notes = try json.rawOrNull(maximum: JSONDocument.maximumSize)
            default: try json.skip()
            }
        }
        self.init(
            function: try JSONError.require(function, "the key function"),
            item: item,
            document: try JSONError.require(document, "the key document"),
            notes: notes
        )
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", function)
        item.writeMembers(to: &json)
        json.field("document", json: document)
        json.field("notes", json: notes)
        json.endObject()
    }
}

extension CoordinatorAPI.PolicyDiff: WireValue {
    private enum Key: String, CaseIterable, Sendable { case from, to, changes }
    private static let keys = JSONWords<Key>(required: [.from, .to, .changes])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(from: 0, to: 0, changes: [])
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .from: from = try json.version()
            case .to: to = try json.version()
            case .changes: changes = try json.values(maximum: 10_000)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("from", from)
        json.field("to", to)
        json.field("changes", changes)
        json.endObject()
    }
}

extension CoordinatorAPI.PolicyDiff.Change: WireValue {
    private enum Key: String, CaseIterable, Sendable { case path, from, to }
    private static let keys = JSONWords<Key>(required: [.path])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(path: "", from: nil, to: nil)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .path: path = try json.string()
            case .from: from = try json.rawOrNull(maximum: JSONDocument.maximumSize)
            case .to: to = try json.rawOrNull(maximum: JSONDocument.maximumSize)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("path", path)
        json.field("from", json: from)
        json.field("to", json: to)
        json.endObject()
    }
}

extension CoordinatorAPI.LadderRequest: WireValue {
    private enum Key: String, CaseIterable, Sendable { case reason, pin }
    private static let keys = JSONWords<Key>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init()
        try json.object(Self.keys, unknown: .refused) { json, key throws(JSONError) in
            switch key {
            case .reason: reason = try json.stringOrNull(maximum: CoordinatorAPI.maximumReason)
            case .pin: pin = try json.bool()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        if let reason { json.field("reason", reason) }
        if pin { json.field("pin", pin) }
        json.endObject()
    }
}

extension CoordinatorAPI.LadderAnswer: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case function, version, status
        case activeVersion = "active_version"
        case candidateVersion = "candidate_version"
        case revision
    }
    private static let keys = JSONWords<Key>(required: [.function, .version, .status, .revision])
    private static let statuses = JSONWords<PolicyStatus>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(function: "", version: 0, status: .draft, activeVersion: nil, candidateVersion: nil, revision: 0)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .function: function = try json.functionName()
            case .version: version = try json.version()
            case .status: status = try json.word(Self.statuses)
            case .activeVersion: activeVersion = try json.versionOrNull()
            case .candidateVersion: candidateVersion = try json.versionOrNull()
            case .revision: revision = try json.integer(in: 0...Int64.max)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", function)
        json.field("version", version)
        json.field("status", status.rawValue)
        json.field("active_version", activeVersion)
        json.field("candidate_version", candidateVersion)
        json.field("revision", revision)
        json.endObject()
    }
}
