public import FuyunStore
public import Logging

/// Everything that an operator can set, checked and in its units.
///
/// Keys and defaults: docs/coordinator.md, `CoordinatorConfiguration.settings`.
public struct CoordinatorConfiguration: Sendable, Equatable {
    /// Where the API is.
    public struct Listen: Sendable, Equatable {
        /// The address or name to bind.
        public var host: String
        /// The port; 0 takes any that is free.
        public var port: Int

        /// Whether only processes of this machine can get here.
        public var isLoopback: Bool {
            host == "localhost" || host == "::1" || host == "[::1]" || Self.isLoopbackIPv4(host)
        }

        private static func isLoopbackIPv4(_ text: String) -> Bool {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
        }
    }

    /// Files of the server's certificate.
    public struct TLS: Sendable, Equatable {
        /// The certificate and those that vouch for it, PEM.
        public var certificateFile: String
        /// Its private key, PEM.
        public var keyFile: String
    }

    /// Files of bearer tokens.
    public struct TokenFiles: Sendable, Equatable {
        /// Tokens of nodes; nil: none.
        public var nodes: String?
        /// Tokens of operators; nil: none.
        public var operators: String?
    }

    /// Bounds of what is taken at once.
    public struct Limits: Sendable, Equatable {
        /// Connections open at once.
        public var connections: Int
        /// Bytes of a request's head.
        public var headerBytes: Int
        /// Time within which a request must have arrived whole.
        public var request: Duration
        /// Time after which a connection without a request is closed.
        public var idle: Duration
        /// Bytes of request bodies in memory at once.
        public var bodiesBytes: Int
        /// Polls that wait at once.
        public var longPolls: Int
        /// Followers of the event stream at once.
        public var eventStreams: Int
    }

    /// How observations are taken in.
    public struct Ingest: Sendable, Equatable {
        /// Observations that may wait to be stored.
        public var queueRecords: Int
        /// Observations that one transaction stores at most.
        public var transactionRecords: Int
        /// Unremarkable observations a function shall bring a minute; more are not asked for.
        public var observationsPerMinute: Int
    }

    /// Where the API is.
    public var listen: Listen
    /// The certificate; nil: plain HTTP.
    public var tls: TLS?
    /// Who may call.
    public var tokens: TokenFiles
    /// The database.
    public var storePath: String
    /// Bounds of what is taken at once.
    public var limits: Limits
    /// How observations are taken in.
    public var ingest: Ingest
    /// How much is kept.
    public var retention: RetentionRules
    /// How often what is too old is removed.
    public var retentionInterval: Duration
    /// When and how policies are fitted, and when versions move.
    public var tuning: TunerSettings
    /// How policies are drafted.
    public var drafting: DraftingSettings
    /// The least severe log message that is written.
    public var logLevel: Logger.Level
}
