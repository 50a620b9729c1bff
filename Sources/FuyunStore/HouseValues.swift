/// What a node says of itself when it calls.
public struct NodeReport: Hashable, Sendable {
    /// The node's name.
    public var name: String
    /// The agent's version.
    public var agentVersion: String?
    /// The policy revision that it has.
    public var revision: Int64?

    /// Makes a report.
    public init(name: String, agentVersion: String? = nil, revision: Int64? = nil) {
        self.name = name
        self.agentVersion = agentVersion
        self.revision = revision
    }
}

/// A node as the store knows it.
public struct StoredNode: Hashable, Sendable {
    /// What it last said of itself.
    public var report: NodeReport
    /// When it was first heard of.
    public var createdAt: Timestamp
    /// When it was last heard of.
    public var seenAt: Timestamp
    /// Observations that it brought, ever.
    public var observationCount: Int

    /// Makes a node.
    public init(report: NodeReport, createdAt: Timestamp, seenAt: Timestamp, observationCount: Int) {
        self.report = report
        self.createdAt = createdAt
        self.seenAt = seenAt
        self.observationCount = observationCount
    }
}

/// Something that happened, for people and for those who follow the stream.
public struct NewEvent: Hashable, Sendable {
    /// A word such as `policy.activated`; docs/coordinator.md lists them.
    public var kind: String
    /// The function that it is about.
    public var function: String?
    /// The version that it is about.
    public var version: Int?
    /// The node that it is about.
    public var node: String?
    /// A sentence for people.
    public var message: String

    /// Makes an event.
    public init(
        kind: String,
        function: String? = nil,
        version: Int? = nil,
        node: String? = nil,
        message: String
    ) {
        self.kind = kind
        self.function = function
        self.version = version
        self.node = node
        self.message = message
    }
}

/// An event in the store.
public struct StoredEvent: Hashable, Sendable {
    /// Grows with every event.
    public var id: Int64
    /// When it happened.
    public var time: Timestamp
    /// What happened.
    public var event: NewEvent

    /// Makes an event.
    public init(id: Int64, time: Timestamp, event: NewEvent) {
        self.id = id
        self.time = time
        self.event = event
    }
}

/// How much is kept.
public struct RetentionRules: Hashable, Sendable {
    /// Observations older than this go.
    public var observationAge: Duration
    /// Of each function only so many of the latest observations stay.
    public var observationsPerFunction: Int
    /// Events older than this go.
    public var eventAge: Duration
    /// Only so many of the latest events stay.
    public var events: Int
    /// Of each function only so many of the newest retired versions stay.
    public var retiredVersionsPerFunction: Int

    /// Makes rules.
    public init(
        observationAge: Duration = .seconds(30 * 86_400),
        observationsPerFunction: Int = 10_000,
        eventAge: Duration = .seconds(90 * 86_400),
        events: Int = 100_000,
        retiredVersionsPerFunction: Int = 100
    ) {
        self.observationAge = observationAge
        self.observationsPerFunction = observationsPerFunction
        self.eventAge = eventAge
        self.events = events
        self.retiredVersionsPerFunction = retiredVersionsPerFunction
    }
}

/// What was removed.
public struct PruneReport: Hashable, Sendable {
    /// Observations.
    public var observations: Int
    /// Events.
    public var events: Int
    /// Versions.
    public var versions: Int

    /// Makes a report.
    public init(observations: Int, events: Int, versions: Int) {
        self.observations = observations
        self.events = events
        self.versions = versions
    }
}
