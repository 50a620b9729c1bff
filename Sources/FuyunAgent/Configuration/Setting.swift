import Configuration

/// One line of the configuration: its key, what it may hold, and what holds when nobody says anything.
///
/// The table `Setting.all` is the only place where keys exist: the file, the environment (`FUYUN_` and the key in capitals
/// with `_` for `.`), the command line (`--set KEY=VALUE`) and docs/configuration.md all follow it.
struct Setting: Sendable {
    /// What values a setting takes.
    enum Kind: Sendable, Equatable {
        /// Text that is not empty.
        case text
        /// A list of texts.
        case texts
        /// A whole number within a range.
        case whole(ClosedRange<Int>)
        /// A share between 0 and 1.
        case share
        /// `true` or `false`.
        case flag
        /// One of some words.
        case word([String])
    }

    /// Section and name, separated by a point.
    let key: String
    /// What it may hold.
    let kind: Kind
    /// What it holds when nobody says anything.
    let standard: ConfigContent
    /// One line for people, with the unit.
    let summary: String

    /// The key's parts.
    var components: [String] { key.split(separator: ".").map(String.init) }

    /// The environment variable that sets it.
    var environmentName: String {
        "FUYUN_" + String(key.uppercased().map { $0 == "." ? "_" : $0 })
    }

    private static let size = 0...(1 << 50)

    private static func whole(_ key: String, _ range: ClosedRange<Int>, _ standard: Int, _ summary: String) -> Setting {
        Setting(key: key, kind: .whole(range), standard: .int(standard), summary: summary)
    }

    private static func text(_ key: String, _ standard: String, _ summary: String) -> Setting {
        Setting(key: key, kind: .text, standard: .string(standard), summary: summary)
    }

    /// Every setting.
    static let all: [Setting] = [
        text("cgroup.mount", "/sys/fs/cgroup", "where cgroup v2 is mounted"),
        Setting(
            key: "cgroup.roots",
            kind: .texts,
            standard: .stringArray(["/"]),
            summary:
                "directories under the mount in which containers are looked for; missing ones are skipped; `/` is all "
                + "but `user.slice`"
        ),
        Setting(
            key: "cgroup.containers",
            kind: .texts,
            standard: .stringArray([]),
            summary:
                "directories whose children are containers whatever their names (`faas.slice`), or whose leaves are "
                + "(`faas.slice/**`); containers of docker, podman, containerd and CRI-O are known by name"
        ),
        text("paths.policies", "/etc/fuyun/policies", "directory of policy documents, one JSON file each"),
        text("paths.state", "/var/lib/fuyun", "directory of the observation log"),
        text("paths.runtime", "/run/fuyun", "directory of the sockets that the agent makes when systemd passes none"),
        whole(
            "defaults.preset_bytes",
            size,
            0,
            "limit of a call that no policy decides; 0 is the container's ceiling"
        ),
        whole("defaults.minimum_bytes", size, 16 << 20, "least limit that a decision may set"),
        whole(
            "defaults.maximum_bytes",
            size,
            0,
            "greatest limit that a decision may set; 0 is the container's ceiling"
        ),
        whole("defaults.tier_bytes", 0...(1 << 40), 1 << 20, "limits are rounded up to a multiple of this"),
        Setting(
            key: "defaults.mode",
            kind: .word(["observe", "shadow", "canary", "enforce"]),
            standard: .string("enforce"),
            summary: "the furthest that a policy may reach: observe, shadow, canary or enforce"
        ),
        Setting(
            key: "defaults.canary_share",
            kind: .share,
            standard: .double(1),
            summary: "the greatest share of calls that a policy in canary may decide"
        ),
        whole("payload.kept_bytes", 1024...(1 << 20), 1 << 20, "part of a payload that is kept and looked at"),
        whole(
            "payload.dropped_bytes",
            0...(1 << 40),
            1 << 28,
            "further bytes that are read and dropped before the connection is closed"
        ),
        whole("sampling.first_ms", 1...60_000, 20, "time from the start of a call to the first sample of its memory"),
        whole("sampling.longest_ms", 1...60_000, 250, "longest time between two samples of a container"),
        whole(
            "limiter.cache_allowance_bytes",
            0...(1 << 40),
            64 << 20,
            "page cache that a container keeps between calls"
        ),
        whole("limiter.settle_deadline_ms", 1...60_000, 2_000, "longest time that giving back page cache may take"),
        whole("limiter.settle_queue", 1...65_536, 256, "containers that may wait for it; more are dropped and counted"),
        Setting(
            key: "thrashing.full_stall_share",
            kind: .share,
            standard: .double(0.1),
            summary: "share of a call in which all its tasks stood still for memory, from which it counts as thrashing"
        ),
        Setting(
            key: "thrashing.some_stall_share",
            kind: .share,
            standard: .double(0.25),
            summary: "the same for at least one of its tasks"
        ),
        whole(
            "thrashing.limit_hits_per_second",
            1...1_000_000,
            1_000,
            "hits of the limit per second from which a call counts as thrashing where the kernel has no PSI"
        ),
        whole("observations.file_bytes", 1 << 16...(1 << 40), 64 << 20, "size at which the observation log is rotated"),
        whole("observations.files", 1...1000, 4, "rotated observation logs that are kept"),
        whole(
            "observations.queue",
            16...1_000_000,
            8_192,
            "observations that may wait to be written; more are dropped and counted"
        ),
        whole("server.connections", 16...1_000_000, 8_192, "connections open at once, in all"),
        whole("server.connections_per_peer", 1...65_536, 128, "connections open at once from one container"),
        Setting(
            key: "server.containers_as_platform",
            kind: .flag,
            standard: .bool(false),
            summary: "whether processes in containers may use platform.sock, for an invoker that runs in one"
        ),
        whole("server.idle_seconds", 1...86_400, 300, "time after which a connection with no call in flight is closed"),
        whole("server.request_seconds", 1...3_600, 10, "time within which a request must have arrived whole"),
        whole("policies.file_bytes", 1024...(1 << 20), 1 << 20, "greatest size of a policy document"),
        whole("policies.files", 1...100_000, 10_000, "greatest number of policy documents"),
        whole("metrics.functions", 1...100_000, 1_000, "functions with series of their own; the rest share `other`"),
        Setting(
            key: "systemd.ceilings",
            kind: .flag,
            standard: .bool(true),
            summary: "whether ceilings are made known to systemd as properties of the scopes that it owns"
        ),
        Setting(
            key: "log.level",
            kind: .word(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
            standard: .string("info"),
            summary: "least severe log message that is written"
        ),
    ]

    static let byKey: [String: Setting] = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    /// Settings that one function may have of its own, under `functions`; they override `defaults`.
    static let perFunction: [Setting] = all.filter { $0.key.hasPrefix("defaults.") }

    /// What the setting may hold, in words, for diagnostics and the table in the documentation.
    var expectation: String {
        switch kind {
        case .text: "text"
        case .texts: "a list of texts"
        case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .share: "a number from 0 to 1"
        case .flag: "true or false"
        case .word(let words): "one of " + words.joined(separator: ", ")
        }
    }

    /// The default as it stands in a JSON file.
    var standardText: String {
        switch standard {
        case .string(let text): "\"\(text)\""
        case .int(let value): String(value)
        case .double(let value): value == value.rounded() ? String(Int(value)) : String(value)
        case .bool(let value): String(value)
        case .stringArray(let texts): "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        default: ""
        }
    }

    /// Whether a value of the right type is one that the setting may hold.
    func accepts(_ content: ConfigContent) -> Bool {
        switch (kind, content) {
        case (.text, .string(let text)): !text.isEmpty
        case (.texts, .stringArray(let texts)): texts.count <= 1000 && !texts.contains("")
        case (.whole(let range), .int(let value)): range.contains(value)
        case (.share, .double(let value)): value >= 0 && value <= 1
        case (.flag, .bool): true
        case (.word(let words), .string(let word)): words.contains(word)
        default: false
        }
    }

    /// Reads a value from text, as on the command line; nil when it is not one.
    func parse(_ text: String) -> ConfigContent? {
        let content: ConfigContent? =
            switch kind {
            case .text, .word: .string(text)
            case .texts: .stringArray(text.split(separator: ",").map(String.init))
            case .whole: Int(text).map(ConfigContent.int)
            case .share: Double(text).map(ConfigContent.double)
            case .flag: Bool(text).map(ConfigContent.bool)
            }
        guard let content, accepts(content) else { return nil }
        return content
    }
}
