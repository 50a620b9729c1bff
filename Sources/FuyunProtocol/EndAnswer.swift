public import FuyunPolicy
public import MemoryUnits
public import NIOCore

/// The answer to `POST /v1/invocations/{id}/end`: 200.
public struct EndAnswer: Hashable, Sendable {
    /// How a peak was had.
    public enum PeakMethod: String, Hashable, Sendable, CaseIterable {
        /// The kernel's peak of exactly this invocation.
        case window
        /// The kernel's peak of the container's life: an upper bound unless it grew.
        case lifetime
        /// The largest of several readings: a lower bound.
        case sampled
    }

    /// That memory ran out, who said so, and what shows it.
    public struct OutOfMemory: Hashable, Sendable {
        /// Whose limit or killer it was.
        ///
        /// Exit status 137 alone proves none of them.
        public enum Class: String, Hashable, Sendable, CaseIterable {
            /// The container's own limit.
            case ownLimit = "own_limit"
            /// The limit of a cgroup above the container.
            case ancestorLimit = "ancestor_limit"
            /// The machine ran out of memory.
            case global
            /// A killer in user space, such as systemd-oomd.
            case userspaceKiller = "userspace_killer"
            /// A child process was killed, the function's server survived.
            case childOnly = "child_only"
            /// The whole container was killed at once (`memory.oom.group`).
            case group
            /// The language's runtime gave up by itself (exit status 134 or the like), without the kernel.
            case runtimeHeap = "runtime_heap"
            /// Killed from outside, without memory being short.
            case externalKill = "external_kill"
            /// Killed because its time was over.
            case timeoutKill = "timeout_kill"
            /// Killed, and nothing shows by whom.
            case unknown
        }

        /// Whose limit or killer it was.
        public var kind: Class
        /// What shows it: counters and statuses, for people.
        public var evidence: [String]

        /// Makes a finding.
        public init(_ kind: Class, evidence: [String]) {
            self.kind = kind
            self.evidence = evidence
        }
    }

    /// The invocation.
    public var id: InvocationID
    /// False for an invocation of an earlier run of the agent, of which only the end is known.
    public var known: Bool
    /// The most memory that the container used during the invocation, cache included; nil when not known.
    public var peak: Bytes?
    /// How the peak was had.
    public var peakMethod: PeakMethod?
    /// The limit that held during the invocation; nil for none (`max`) or not known.
    public var limit: Bytes?
    /// What is known of memory having run out.
    public var outOfMemory: OutOfMemory?
    /// Whether the invocation spent its time waiting for memory at its limit, without anything being killed.
    public var thrashing: Bool
    /// The limit with which a retry could succeed, when one is advised.
    public var retryLimit: Bytes?

    /// Makes an answer.
    public init(
        id: InvocationID,
        known: Bool = true,
        peak: Bytes? = nil,
        peakMethod: PeakMethod? = nil,
        limit: Bytes? = nil,
        outOfMemory: OutOfMemory? = nil,
        thrashing: Bool = false,
        retryLimit: Bytes? = nil
    ) {
        self.id = id
        self.known = known
        self.peak = peak
        self.peakMethod = peakMethod
        self.limit = limit
        self.outOfMemory = outOfMemory
        self.thrashing = thrashing
        self.retryLimit = retryLimit
    }

    /// Appends the body of the answer.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { json in
            json.beginObject()
            json.key("id")
            json.value(id)
            if !known { json.field("known", false) }
            json.field("peak_bytes", peak)
            json.field("peak_method", peakMethod?.rawValue)
            json.field("limit_bytes", limit)
            json.key("oom")
            if let outOfMemory {
                json.beginObject()
                json.field("class", outOfMemory.kind.rawValue)
                json.key("evidence")
                json.beginArray()
                for line in outOfMemory.evidence { json.value(line) }
                json.endArray()
                json.endObject()
            } else {
                json.null()
            }
            json.field("thrashing", thrashing)
            json.key("retry")
            if let retryLimit {
                json.beginObject()
                json.field("limit_bytes", retryLimit)
                json.endObject()
            } else {
                json.null()
            }
            json.endObject()
        }
    }

    /// Reads the body of an answer; unknown keys are skipped.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        var id: InvocationID?
        self.init(id: InvocationID(epoch: 0, sequence: 0))
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                switch key {
                case "id": id = try json.invocationID()
                case "known": known = try json.bool()
                case "peak_bytes": peak = try json.orNull { json throws(JSONError) in try json.bytes() }
                case "peak_method": peakMethod = try json.orNull { json throws(JSONError) in try json.choice() }
                case "limit_bytes": limit = try json.orNull { json throws(JSONError) in try json.bytes() }
                case "oom":
                    outOfMemory = try json.orNull { json throws(JSONError) in try OutOfMemory(reading: &json) }
                case "thrashing": thrashing = try json.bool()
                case "retry":
                    try json.orNull { json throws(JSONError) in
                        try json.object { json, key throws(JSONError) in
                            if key == "limit_bytes" { retryLimit = try json.bytes() } else { try json.skip() }
                        }
                    }
                default: try json.skip()
                }
            }
        }
        self.id = try JSONError.require(id, "id")
    }
}

extension EndAnswer.OutOfMemory {
    fileprivate init(reading json: inout JSONReader) throws(JSONError) {
        var name: String?
        var evidence: [String] = []
        try json.object { json, key throws(JSONError) in
            switch key {
            case "class": name = try json.string()
            case "evidence": try json.array { json throws(JSONError) in evidence.append(try json.string()) }
            default: try json.skip()
            }
        }
        // A class that this version does not know is still an out-of-memory.
        self.init(Class(rawValue: try JSONError.require(name, "oom.class")) ?? .unknown, evidence: evidence)
    }
}
