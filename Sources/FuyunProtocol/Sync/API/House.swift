public import FuyunPolicy

extension CoordinatorAPI {
    /// A node as the coordinator knows it.
    public struct Node: Hashable, Sendable, PageElement {
        /// The key of a list of nodes.
        public static var listKey: StaticString { "nodes" }

        /// The node's name.
        public var name: String
        /// The version of its agent, as it last said.
        public var agentVersion: String?
        /// The policy revision that it has, as it last said.
        public var revision: Int64?
        /// Observations that it brought, ever.
        public var observations: Int
        /// When it was first heard of, milliseconds since 1970.
        public var createdAt: Int64
        /// When it was last heard of.
        public var seenAt: Int64

        /// Makes a node.
        public init(
            name: String,
            agentVersion: String? = nil,
            revision: Int64? = nil,
            observations: Int = 0,
            createdAt: Int64,
            seenAt: Int64
        ) {
            self.name = name
            self.agentVersion = agentVersion
            self.revision = revision
            self.observations = observations
            self.createdAt = createdAt
            self.seenAt = seenAt
        }
    }

    /// Something that happened: an element of a page, or the data of one event of the stream.
    public struct Event: Hashable, Sendable, PageElement {
        /// The key of a list of events.
        public static var listKey: StaticString { "events" }

        /// Grows with every event.
        public var id: Int64
        /// When it happened, milliseconds since 1970.
        public var time: Int64
        /// A word such as `policy.activated`.
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
            id: Int64,
            time: Int64,
            kind: String,
            function: String? = nil,
            version: Int? = nil,
            node: String? = nil,
            message: String
        ) {
            self.id = id
            self.time = time
            self.kind = kind
            self.function = function
            self.version = version
            self.node = node
            self.message = message
        }
    }

    /// What holds for every function at once (`GET /v1/switches`).
    public struct Switches: Hashable, Sendable {
        /// The kill switch: the furthest that any policy may reach on any node.
        public var modeCap: Mode
        /// Whether the tuner publishes new versions by itself.
        public var isTuningEnabled: Bool

        /// Makes switches.
        public init(modeCap: Mode = .enforce, isTuningEnabled: Bool = true) {
            self.modeCap = modeCap
            self.isTuningEnabled = isTuningEnabled
        }
    }

    /// A change of the switches (`PATCH /v1/switches`); nil leaves one as it is.
    public struct SwitchesChange: Hashable, Sendable {
        /// The furthest that any policy may reach on any node.
        public var modeCap: Mode?
        /// Whether the tuner publishes new versions by itself.
        public var isTuningEnabled: Bool?

        /// Makes a change.
        public init(modeCap: Mode? = nil, isTuningEnabled: Bool? = nil) {
            self.modeCap = modeCap
            self.isTuningEnabled = isTuningEnabled
        }
    }

    /// How the coordinator is (`GET /v1/status`).
    public struct Status: Hashable, Sendable {
        /// Its version.
        public var version: String
        /// When it started, milliseconds since 1970.
        public var startedAt: Int64
        /// Whether it can serve.
        public var isReady: Bool
        /// The newest policy revision.
        public var revision: Int64
        /// The id of the newest event.
        public var lastEvent: Int64
        /// The switches.
        public var switches: Switches
        /// Agents that wait for new policies right now.
        public var waitingNodes: Int
        /// Functions that wait for the tuner.
        public var tunerQueue: Int

        /// Makes a status.
        public init(
            version: String,
            startedAt: Int64,
            isReady: Bool,
            revision: Int64,
            lastEvent: Int64,
            switches: Switches,
            waitingNodes: Int,
            tunerQueue: Int
        ) {
            self.version = version
            self.startedAt = startedAt
            self.isReady = isReady
            self.revision = revision
            self.lastEvent = lastEvent
            self.switches = switches
            self.waitingNodes = waitingNodes
            self.tunerQueue = tunerQueue
        }
    }
}
