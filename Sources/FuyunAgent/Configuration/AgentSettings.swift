public import Settings

extension AgentConfiguration {
    /// Every setting of the agent: the file, `FUYUN_*`, `--set` and docs/configuration.md follow this table.
    public static let settings = SettingTable(
        prefix: ["fuyun"],
        standardFile: "/etc/fuyun/agent.json",
        documentation: "docs/configuration.md",
        entries: SettingTable.Entries(section: "functions", overriding: "defaults", atMost: 10_000),
        cgroupSettings + decisionSettings + rescueSettings + serverSettings + coordinatorSettings
    )

    private static let size = 0...(1 << 50)

    private static let cgroupSettings: [Setting] = [
        .text("cgroup.mount", "/sys/fs/cgroup", "where cgroup v2 is mounted"),
        .texts(
            "cgroup.roots",
            ["/"],
            "directories under the mount in which containers are looked for; missing ones are skipped; `/` is all "
                + "but `user.slice`"
        ),
        .texts(
            "cgroup.containers",
            [],
            "directories whose children are containers whatever their names (`faas.slice`), or whose leaves are "
                + "(`faas.slice/**`); containers of docker, podman, containerd and CRI-O are known by name"
        ),
        .text("paths.policies", "/etc/fuyun/policies", "directory of policy documents, one JSON file each"),
        .text(
            "paths.state",
            "/var/lib/fuyun",
            "directory of the observation log, the spool, and the coordinator's policies"
        ),
        .text("paths.runtime", "/run/fuyun", "directory of the sockets that the agent makes when systemd passes none"),
    ]

    private static let decisionSettings: [Setting] = [
        .whole(
            "defaults.preset_bytes",
            size,
            0,
            "limit of a call that no policy decides; 0 is the container's ceiling"
        ),
        .whole("defaults.minimum_bytes", size, 16 << 20, "least limit that a decision may set"),
        .whole(
            "defaults.maximum_bytes",
            size,
            0,
            "greatest limit that a decision may set; 0 is the container's ceiling"
        ),
        .whole("defaults.tier_bytes", 0...(1 << 40), 1 << 20, "limits are rounded up to a multiple of this"),
        .word(
            "defaults.mode",
            ["observe", "shadow", "canary", "enforce"],
            "enforce",
            "the furthest that a policy may reach: observe, shadow, canary or enforce"
        ),
        .share("defaults.canary_share", 1, "the greatest share of calls that a policy in canary may decide"),
        .whole(
            "defaults.rescue_priority",
            0...100,
            50,
            "who is saved first when many calls need more memory than the node has; the higher, the earlier"
        ),
        .whole("payload.kept_bytes", 1024...(1 << 20), 1 << 20, "part of a payload that is kept and looked at"),
        .whole(
            "payload.dropped_bytes",
            0...(1 << 40),
            1 << 28,
            "further bytes that are read and dropped before the connection is closed"
        ),
        .whole("sampling.first_ms", 1...60_000, 20, "time from the start of a call to the first sample of its memory"),
        .whole("sampling.longest_ms", 1...60_000, 250, "longest time between two samples of a container"),
        .whole(
            "limiter.cache_allowance_bytes",
            0...(1 << 40),
            64 << 20,
            "page cache that a container keeps between calls"
        ),
        .whole("limiter.settle_deadline_ms", 1...60_000, 2_000, "longest time that giving back page cache may take"),
        .whole(
            "limiter.settle_queue",
            1...65_536,
            256,
            "containers that may wait for it; more are dropped and counted"
        ),
        .whole(
            "limiter.fights",
            0...1_000_000,
            100,
            "changes of a container's limits by others while it has calls, after which it is only observed; 0 is never"
        ),
        .share(
            "thrashing.full_stall_share",
            0.1,
            "share of a call in which all its tasks stood still for memory, from which it counts as thrashing"
        ),
        .share("thrashing.some_stall_share", 0.25, "the same for at least one of its tasks"),
        .whole(
            "thrashing.limit_hits_per_second",
            1...1_000_000,
            1_000,
            "hits of the limit per second from which a call counts as thrashing where the kernel has no PSI"
        ),
    ]

    private static let coordinatorSettings: [Setting] = [
        .optionalText(
            "coordinator.url",
            "where the coordinator is, `https://host:port`, or `http://` on this machine; empty: the node works alone"
        ),
        .optionalText("coordinator.token_file", "file with the token that the coordinator knows this node by"),
        .optionalText(
            "coordinator.ca_file",
            "certificates (PEM) that vouch for the coordinator; empty: those of the system"
        ),
        .optionalText("coordinator.node", "this node's name at the coordinator; empty: the host name"),
        .whole(
            "spool.bytes",
            1 << 20...(1 << 40),
            256 << 20,
            "disk for observations that the coordinator has not taken; when it is used up the oldest go, and are counted"
        ),
        .whole(
            "spool.segment_bytes",
            1 << 16...(1 << 30),
            4 << 20,
            "size of a file of the spool, a quarter of it at most"
        ),
        .whole("reporter.batch", 1...5_000, 500, "most observations in one request"),
        .whole(
            "reporter.interval_ms",
            1...60_000,
            250,
            "longest time that observations are gathered for a request; one of a call that ran out of memory goes at once"
        ),
        .flag(
            "shapes.enabled",
            true,
            "whether the coordinator is told what payloads look like (names, types, powers of two; never values), which "
                + "drafts need"
        ),
    ]

    private static let serverSettings: [Setting] = [
        .whole(
            "observations.file_bytes",
            1 << 16...(1 << 40),
            64 << 20,
            "size at which the observation log is rotated"
        ),
        .whole("observations.files", 1...1000, 4, "rotated observation logs that are kept"),
        .whole(
            "observations.queue",
            16...1_000_000,
            8_192,
            "observations that may wait to be written; more are dropped and counted"
        ),
        .whole("server.connections", 16...1_000_000, 8_192, "connections open at once, in all"),
        .whole("server.connections_per_peer", 1...65_536, 128, "connections open at once from one container"),
        .flag(
            "server.containers_as_platform",
            false,
            "whether processes in containers may use platform.sock, for an invoker that runs in one"
        ),
        .whole(
            "server.idle_seconds",
            1...86_400,
            300,
            "time after which a connection with no call in flight is closed"
        ),
        .whole("server.request_seconds", 1...3_600, 10, "time within which a request must have arrived whole"),
        .whole("policies.file_bytes", 1024...(1 << 20), 1 << 20, "greatest size of a policy document"),
        .whole("policies.files", 1...100_000, 10_000, "greatest number of policy documents"),
        .whole("metrics.functions", 1...100_000, 1_000, "functions with series of their own; the rest share `other`"),
        .flag(
            "systemd.ceilings",
            true,
            "whether ceilings are made known to systemd as properties of the scopes that it owns"
        ),
        .logLevel,
    ]
}
