import FuyunPolicy

extension CoordinatorAPI.Node: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case node
        case agentVersion = "agent_version"
        case revision, observations
        case created = "created_ms"
        case seen = "seen_ms"
    }
    private static let keys = JSONWords<Key>(required: [.node])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(name: "", createdAt: 0, seenAt: 0)
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .node: name = try json.string(maximum: 256)
            case .agentVersion: agentVersion = try json.stringOrNull(maximum: 256)
            case .revision: revision = try json.integerOrNull()
            case .observations: observations = try json.count()
            case .created: createdAt = try json.moment()
            case .seen: seenAt = try json.moment()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("node", name)
        json.field("agent_version", agentVersion)
        json.field("revision", revision)
        json.field("observations", observations)
        json.field("created_ms", createdAt)
        json.field("seen_ms", seenAt)
        json.endObject()
    }
}

extension CoordinatorAPI.Event: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case id
        case time = "time_ms"
        case kind, function, version, node, message
    }
    private static let keys = JSONWords<Key>(required: [.id, .time, .kind])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(id: 0, time: 0, kind: "", message: "")
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .id: id = try json.integer(in: 0...Int64.max)
            case .time: time = try json.moment()
            case .kind: kind = try json.string(maximum: 64)
            case .function: function = try json.stringOrNull(maximum: 256)
            case .version: version = try json.versionOrNull()
            case .node: node = try json.stringOrNull(maximum: 256)
            case .message: message = try json.string()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("id", id)
        json.field("time_ms", time)
        json.field("kind", kind)
        json.field("function", function)
        json.field("version", version)
        json.field("node", node)
        json.field("message", message)
        json.endObject()
    }
}

extension CoordinatorAPI.Switches: WireValue {
    fileprivate enum Key: String, CaseIterable, Sendable {
        case modeCap = "mode_cap"
        case tuning
    }
    private static let keys = JSONWords<Key>(required: [.modeCap, .tuning])
    fileprivate static let modes = JSONWords<Mode>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init()
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .modeCap: modeCap = try json.word(Self.modes)
            case .tuning: isTuningEnabled = try json.bool()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("mode_cap", modeCap.rawValue)
        json.field("tuning", isTuningEnabled)
        json.endObject()
    }
}

extension CoordinatorAPI.SwitchesChange: WireValue {
    private static let keys = JSONWords<CoordinatorAPI.Switches.Key>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init()
        try json.object(Self.keys, unknown: .refused) { json, key throws(JSONError) in
            switch key {
            case .modeCap: modeCap = try json.word(CoordinatorAPI.Switches.modes)
            case .tuning: isTuningEnabled = try json.bool()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        if let modeCap { json.field("mode_cap", modeCap.rawValue) }
        if let isTuningEnabled { json.field("tuning", isTuningEnabled) }
        json.endObject()
    }
}

extension CoordinatorAPI.Status: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case version
        case started = "started_ms"
        case ready, revision
        case lastEvent = "last_event"
        case switches
        case waitingNodes = "waiting_nodes"
        case tunerQueue = "tuner_queue"
    }
    private static let keys = JSONWords<Key>(required: [.version, .ready])

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(
            version: "",
            startedAt: 0,
            isReady: false,
            revision: 0,
            lastEvent: 0,
            switches: CoordinatorAPI.Switches(),
            waitingNodes: 0,
            tunerQueue: 0
        )
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .version: version = try json.string(maximum: 256)
            case .started: startedAt = try json.moment()
            case .ready: isReady = try json.bool()
            case .revision: revision = try json.integer(in: 0...Int64.max)
            case .lastEvent: lastEvent = try json.integer(in: 0...Int64.max)
            case .switches: switches = try json.value()
            case .waitingNodes: waitingNodes = try json.count()
            case .tunerQueue: tunerQueue = try json.count()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("version", version)
        json.field("started_ms", startedAt)
        json.field("ready", isReady)
        json.field("revision", revision)
        json.field("last_event", lastEvent)
        json.field("switches", switches)
        json.field("waiting_nodes", waitingNodes)
        json.field("tuner_queue", tunerQueue)
        json.endObject()
    }
}
