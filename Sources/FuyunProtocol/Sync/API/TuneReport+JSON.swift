import FuyunPolicy

extension CoordinatorAPI.TuneReport: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case function, samples, decision, why, current, proposal, candidates, verification
    }
    private static let keys = JSONWords<Key>(required: [.function, .samples, .decision, .why])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(function: "", samples: 0, decision: "", why: "")
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .function: function = try json.functionName()
            case .samples: samples = try json.count()
            case .decision: decision = try json.string(maximum: 64)
            case .why: why = try json.string()
            case .current: current = try json.valueOrNull()
            case .proposal: proposal = try json.valueOrNull()
            case .candidates: candidates = try json.values()
            case .verification: verification = try json.valueOrNull()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", function)
        json.field("samples", samples)
        json.field("decision", decision)
        json.field("why", why)
        json.field("current", current)
        json.field("proposal", proposal)
        json.field("candidates", candidates)
        json.field("verification", verification)
        json.endObject()
    }
}

extension CoordinatorAPI.TuneReport.Candidate: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case name
        case meanBound = "mean_bound_bytes"
        case missesLeftOut = "loo_misses"
        case chosen, why
    }
    private static let keys = JSONWords<Key>(required: [.name])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(name: "", meanBound: nil, missesLeftOut: 0, isChosen: false, why: "")
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .name: name = try json.string()
            case .meanBound: meanBound = try json.numberOrNull()
            case .missesLeftOut: missesLeftOut = try json.count()
            case .chosen: isChosen = try json.bool()
            case .why: why = try json.string()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("name", name)
        json.field("mean_bound_bytes", meanBound)
        json.field("loo_misses", missesLeftOut)
        json.field("chosen", isChosen)
        json.field("why", why)
        json.endObject()
    }
}

extension CoordinatorAPI.TuneReport.Current: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case version
        case meanBound = "mean_bound_bytes"
        case document
    }
    private static let keys = JSONWords<Key>(required: [.version])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(version: 0, meanBound: nil)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .version: version = try json.version()
            case .meanBound: meanBound = try json.numberOrNull()
            case .document: document = try json.rawOrNull(maximum: JSONDocument.maximumSize)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("version", version)
        json.field("mean_bound_bytes", meanBound)
        json.field("document", json: document)
        json.endObject()
    }
}

extension CoordinatorAPI.TuneReport.Proposal: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case version, status
        case meanBound = "mean_bound_bytes"
        case document
    }
    private static let keys = JSONWords<Key>(required: [.document])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(meanBound: nil, document: [])
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .version: version = try json.versionOrNull()
            case .status: status = try json.stringOrNull(maximum: 64)
            case .meanBound: meanBound = try json.numberOrNull()
            case .document: document = try json.raw(maximum: JSONDocument.maximumSize)
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("version", version)
        json.field("status", status)
        json.field("mean_bound_bytes", meanBound)
        json.field("document", json: document)
        json.endObject()
    }
}

extension CoordinatorAPI.TuneReport.Verification: WireValue {
    private enum Key: String, CaseIterable, Sendable { case replayed, misses, problems }
    private static let keys = JSONWords<Key>(required: [.replayed, .misses])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(replayed: 0, misses: 0)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .replayed: replayed = try json.count()
            case .misses: misses = try json.count()
            case .problems:
                try json.array(maximum: 100) { json, _ throws(JSONError) in problems.append(try json.string()) }
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("replayed", replayed)
        json.field("misses", misses)
        json.key("problems")
        json.beginArray()
        for problem in problems { json.value(problem) }
        json.endArray()
        json.endObject()
    }
}
