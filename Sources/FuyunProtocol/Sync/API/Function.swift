public import FuyunPolicy
public import MemoryUnits

extension CoordinatorAPI {
    /// A function as the coordinator knows it.
    public struct Function: Hashable, Sendable, PageElement {
        /// The key of a list of functions.
        public static var listKey: StaticString { "functions" }

        /// The function's name.
        public var name: String
        /// What was registered.
        public var registration: Registration
        /// The version that an operator holds fast; nil for none.
        public var pinnedVersion: Int?
        /// Whether new versions may never ask for less than the active one.
        public var neverLower = false
        /// Whether Fuyun leaves the function's limits alone.
        public var isExcluded = false
        /// The active version.
        public var activeVersion: Int?
        /// The version in shadow or canary.
        public var candidateVersion: Int?
        /// Where the candidate stands; nil also where it is not told.
        public var candidateStatus: PolicyStatus?
        /// The newest version; 0 when there is none.
        public var newestVersion = 0
        /// Observations kept.
        public var observations = 0
        /// When the function was first heard of, milliseconds since 1970.
        public var createdAt: Int64 = 0
        /// When its registration or switches last changed.
        public var updatedAt: Int64 = 0
        /// When the latest observation arrived.
        public var lastObservedAt: Int64?

        /// Makes a function.
        public init(name: String, registration: Registration = Registration()) {
            self.name = name
            self.registration = registration
        }
    }

    /// What is said of a function when it is registered (`PUT /v1/functions/{function}`); nil keeps the agents' defaults.
    public struct Registration: Hashable, Sendable {
        /// The runtime, such as `python:3.11`.
        public var runtime: String?
        /// Digest of the source, `sha256:…`.
        public var sourceDigest: String?
        /// The platform's declared limit.
        public var preset: Bytes?
        /// The least limit that a decision may set.
        public var minimum: Bytes?
        /// The greatest limit that a decision may set.
        public var maximum: Bytes?
        /// Limits are rounded up to a multiple of this.
        public var tier: Bytes?

        /// Says nothing.
        public init() {}
    }

    /// A change of a function's switches (`PATCH /v1/functions/{function}/switches`).
    public struct FunctionSwitchesChange: Hashable, Sendable {
        /// What becomes of the pin.
        public enum Pin: Hashable, Sendable {
            /// It stays as it is.
            case unchanged
            /// No version is held fast (`null`).
            case none
            /// This version is held fast.
            case version(Int)
        }

        /// What becomes of the pin.
        public var pin = Pin.unchanged
        /// Nil: unchanged.
        public var neverLower: Bool?
        /// Nil: unchanged.
        public var isExcluded: Bool?

        /// Changes nothing.
        public init() {}
    }
}

extension CoordinatorAPI.Function: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case function, runtime
        case sourceDigest = "source_digest"
        case preset = "preset_bytes"
        case minimum = "minimum_bytes"
        case maximum = "maximum_bytes"
        case tier = "tier_bytes"
        case pinnedVersion = "pinned_version"
        case neverLower = "never_lower"
        case excluded
        case activeVersion = "active_version"
        case candidateVersion = "candidate_version"
        case candidateStatus = "candidate_status"
        case newestVersion = "newest_version"
        case observations
        case created = "created_ms"
        case updated = "updated_ms"
        case lastObserved = "last_observed_ms"
    }
    private static let keys = JSONWords<Key>(required: [.function])
    private static let statuses = JSONWords<PolicyStatus>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init(name: "")
        try json.object(Self.keys) { json, key throws(JSONError) in
            switch key {
            case .function: name = try json.functionName()
            case .runtime: registration.runtime = try json.stringOrNull()
            case .sourceDigest: registration.sourceDigest = try json.stringOrNull()
            case .preset: registration.preset = try json.bytesOrNull()
            case .minimum: registration.minimum = try json.bytesOrNull()
            case .maximum: registration.maximum = try json.bytesOrNull()
            case .tier: registration.tier = try json.bytesOrNull()
            case .pinnedVersion: pinnedVersion = try json.versionOrNull()
            case .neverLower: neverLower = try json.bool()
            case .excluded: isExcluded = try json.bool()
            case .activeVersion: activeVersion = try json.versionOrNull()
            case .candidateVersion: candidateVersion = try json.versionOrNull()
            case .candidateStatus: candidateStatus = try json.wordOrNull(Self.statuses)
            case .newestVersion: newestVersion = try json.version()
            case .observations: observations = try json.count()
            case .created: createdAt = try json.moment()
            case .updated: updatedAt = try json.moment()
            case .lastObserved: lastObservedAt = try json.integerOrNull()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("function", name)
        registration.writeMembers(to: &json)
        json.field("pinned_version", pinnedVersion)
        json.field("never_lower", neverLower)
        json.field("excluded", isExcluded)
        json.field("active_version", activeVersion)
        json.field("candidate_version", candidateVersion)
        json.field("candidate_status", candidateStatus?.rawValue)
        json.field("newest_version", newestVersion)
        json.field("observations", observations)
        json.field("created_ms", createdAt)
        json.field("updated_ms", updatedAt)
        json.field("last_observed_ms", lastObservedAt)
        json.endObject()
    }
}

extension CoordinatorAPI.Registration: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case runtime
        case sourceDigest = "source_digest"
        case preset = "preset_bytes"
        case minimum = "minimum_bytes"
        case maximum = "maximum_bytes"
        case tier = "tier_bytes"
    }
    private static let keys = JSONWords<Key>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init()
        try json.object(Self.keys, unknown: .refused) { json, key throws(JSONError) in
            switch key {
            case .runtime: runtime = try json.stringOrNull(maximum: 128)
            case .sourceDigest: sourceDigest = try json.stringOrNull(maximum: 256)
            case .preset: preset = try json.limitOrNull()
            case .minimum: minimum = try json.limitOrNull()
            case .maximum: maximum = try json.limitOrNull()
            case .tier: tier = try json.limitOrNull()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        writeMembers(to: &json)
        json.endObject()
    }

    fileprivate func writeMembers(to json: inout JSONWriter) {
        json.field("runtime", runtime)
        json.field("source_digest", sourceDigest)
        json.field("preset_bytes", preset)
        json.field("minimum_bytes", minimum)
        json.field("maximum_bytes", maximum)
        json.field("tier_bytes", tier)
    }
}

extension CoordinatorAPI.FunctionSwitchesChange: WireValue {
    private enum Key: String, CaseIterable, Sendable {
        case pinnedVersion = "pinned_version"
        case neverLower = "never_lower"
        case excluded
    }
    private static let keys = JSONWords<Key>()

    package init(reading json: inout JSONReader) throws(JSONError) {
        self.init()
        try json.object(Self.keys, unknown: .refused) { json, key throws(JSONError) in
            switch key {
            case .pinnedVersion:
                pin = try json.integerOrNull(in: 1...Int(Int32.max)).map { .version($0) } ?? .none
            case .neverLower: neverLower = try json.bool()
            case .excluded: isExcluded = try json.bool()
            }
        }
    }

    package func write(to json: inout JSONWriter) {
        json.beginObject()
        switch pin {
        case .unchanged: break
        case .none:
            json.key("pinned_version")
            json.null()
        case .version(let version): json.field("pinned_version", version)
        }
        if let neverLower { json.field("never_lower", neverLower) }
        if let isExcluded { json.field("excluded", isExcluded) }
        json.endObject()
    }
}

extension JSONReader {
    /// Reads a limit in bytes, at most 2^53 so that every reader of JSON can hold it, or `null`.
    fileprivate mutating func limitOrNull() throws(JSONError) -> Bytes? {
        try integerOrNull(in: 1...UInt64(1 << 53)).map { Bytes($0) }
    }
}
