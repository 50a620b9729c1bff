public import FuyunPolicy
public import Logging
public import MemoryUnits

/// Everything that an operator can set, checked and in its units.
///
/// Keys and defaults: docs/configuration.md, `AgentConfiguration.settings`.
public struct AgentConfiguration: Sendable, Equatable {
    /// Where cgroups are and which are managed.
    public struct Cgroups: Sendable, Equatable {
        /// Where cgroup v2 is mounted.
        public var mount: String
        /// Directories under the mount in which containers are looked for.
        public var roots: [String]
        /// Patterns of further cgroups to manage.
        public var containers: [String]
    }

    /// Directories.
    public struct Paths: Sendable, Equatable {
        /// Policy documents.
        public var policies: String
        /// The observation log.
        public var state: String
        /// Sockets that the agent makes itself.
        public var runtime: String
    }

    /// What the operator grants a function.
    public struct Grant: Sendable, Equatable {
        /// The limit of a call that no policy decides; nil: the container's ceiling.
        public var preset: Bytes?
        /// The least limit of a decision.
        public var minimum: Bytes
        /// The greatest limit of a decision; nil: the container's ceiling.
        public var maximum: Bytes?
        /// Limits are rounded up to a multiple of this.
        public var tier: Bytes
        /// The furthest that a policy may reach.
        public var mode: Mode
        /// The greatest share of calls that a canary may decide.
        public var canaryShare: Double
        /// Who is saved first when many calls need more than the node has: the higher, the earlier.
        public var rescuePriority: Int = 50

        /// The bounds of a decision for a container whose ceiling, ancestors included, is `ceiling`.
        public func bounds(under ceiling: Bytes) -> SafetyBounds {
            let greatest = min(maximum ?? ceiling, ceiling)
            return SafetyBounds(
                minimum: minimum,
                maximum: greatest,
                preset: min(preset ?? ceiling, ceiling),
                tier: tier
            )
        }
    }

    /// How payloads are read.
    public struct Payload: Sendable, Equatable {
        /// The part that is kept and looked at.
        public var kept: Bytes
        /// Further bytes that are read and dropped.
        public var dropped: Bytes
    }

    /// When a running container's memory is sampled.
    public struct Sampling: Sendable, Equatable {
        /// From the start of a call to its first sample.
        public var first: Duration
        /// The longest time between two samples.
        public var longest: Duration
    }

    /// How limits are settled between calls.
    public struct Limiter: Sendable, Equatable {
        /// Page cache that a container keeps between calls.
        public var cacheAllowance: Bytes
        /// The longest that giving back page cache may take.
        public var settleDeadline: Duration
        /// Containers that may wait for it.
        public var settleQueue: Int
        /// Changes by others after which a container is only observed; 0: never.
        public var fights: UInt64
    }

    /// When a call counts as thrashing.
    public struct Thrashing: Sendable, Equatable {
        /// Share of the call in which all its tasks stood still for memory.
        public var fullStallShare: Double
        /// The same for at least one of its tasks.
        public var someStallShare: Double
        /// Hits of the limit per second, where the kernel has no PSI.
        public var limitHitsPerSecond: Int
    }

    /// The observation log.
    public struct Observations: Sendable, Equatable {
        /// Size at which the file is rotated.
        public var fileSize: Bytes
        /// Rotated files that are kept.
        public var files: Int
        /// Observations that may wait to be written.
        public var queue: Int
    }

    /// The invocation API.
    public struct Server: Sendable, Equatable {
        /// Connections open at once, in all.
        public var connections: Int
        /// Connections open at once from one container.
        public var connectionsPerPeer: Int
        /// Whether processes in containers may use platform.sock.
        public var containersAsPlatform: Bool
        /// Time after which an idle connection is closed.
        public var idle: Duration
        /// Time within which a request must have arrived whole.
        public var request: Duration
    }

    /// Where the coordinator is, and as whom to speak to it.
    public struct Coordinator: Sendable, Equatable {
        /// Its address.
        public var url: String
        /// The file with the node's token; nil: no token is sent.
        public var tokenFile: String?
        /// The file with the certificates that vouch for it; nil: the system's.
        public var authorityFile: String?
        /// The node's name.
        public var node: String
    }

    /// The observations' way to the coordinator.
    public struct Reporting: Sendable, Equatable {
        /// Disk for those that wait.
        public var spool: Bytes
        /// Size of a file of the spool.
        public var segment: Bytes
        /// Most observations in a request.
        public var batch: Int
        /// Longest time that they are gathered.
        public var interval: Duration
    }

    /// The policy directory's bounds.
    public struct Policies: Sendable, Equatable {
        /// Greatest size of a document.
        public var fileSize: Bytes
        /// Greatest number of documents.
        public var files: Int
    }

    /// Where cgroups are and which are managed.
    public var cgroups: Cgroups
    /// Directories.
    public var paths: Paths
    /// What every function is granted.
    public var defaults: Grant
    /// What single functions are granted, by name.
    public var functions: [String: Grant]
    /// How payloads are read.
    public var payload: Payload
    /// When a running container's memory is sampled.
    public var sampling: Sampling
    /// How limits are settled between calls.
    public var limiter: Limiter
    /// When a call counts as thrashing.
    public var thrashing: Thrashing
    /// How calls in flight are saved.
    public var rescue: Rescue
    /// The observation log.
    public var observations: Observations
    /// The invocation API.
    public var server: Server
    /// The policy directory's bounds.
    public var policies: Policies
    /// The coordinator; nil: the node works alone.
    public var coordinator: Coordinator?
    /// The observations' way to it.
    public var reporting: Reporting
    /// Whether the coordinator is told what payloads look like.
    public var looksAtShapes: Bool
    /// Functions with metric series of their own.
    public var measuredFunctions: Int
    /// Whether ceilings are made known to systemd.
    public var systemdCeilings: Bool
    /// The least severe log message that is written.
    public var logLevel: Logger.Level

    /// What a function is granted.
    public func grant(for function: String) -> Grant { functions[function] ?? defaults }
}
