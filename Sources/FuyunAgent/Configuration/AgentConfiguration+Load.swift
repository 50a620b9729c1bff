import Cgroup
import FuyunPolicy
import Logging
import MemoryUnits
public import Settings

extension AgentConfiguration {
    /// Reads, checks and layers every source.
    ///
    /// - Throws: Every problem found, with its place.
    public static func load(_ sources: ConfigurationSources) throws(ConfigurationErrors) -> AgentConfiguration {
        try settings.load(sources) { AgentConfiguration(reading: &$0) }
    }

    private init(reading settings: inout SettingReader) {
        cgroups = Cgroups(
            mount: settings.text("cgroup.mount"),
            roots: settings.texts("cgroup.roots"),
            containers: settings.texts("cgroup.containers")
        )
        paths = Paths(
            policies: settings.text("paths.policies"),
            state: settings.text("paths.state"),
            runtime: settings.text("paths.runtime")
        )
        defaults = Grant(reading: settings)
        functions = settings.entries.mapValues { Grant(reading: $0) }
        payload = Payload(kept: settings.bytes("payload.kept_bytes"), dropped: settings.bytes("payload.dropped_bytes"))
        sampling = Sampling(
            first: settings.milliseconds("sampling.first_ms"),
            longest: settings.milliseconds("sampling.longest_ms")
        )
        limiter = Limiter(
            cacheAllowance: settings.bytes("limiter.cache_allowance_bytes"),
            settleDeadline: settings.milliseconds("limiter.settle_deadline_ms"),
            settleQueue: settings.whole("limiter.settle_queue"),
            fights: UInt64(settings.whole("limiter.fights"))
        )
        rescue = Rescue(reading: settings)
        thrashing = Thrashing(
            fullStallShare: settings.number("thrashing.full_stall_share"),
            someStallShare: settings.number("thrashing.some_stall_share"),
            limitHitsPerSecond: settings.whole("thrashing.limit_hits_per_second")
        )
        observations = Observations(
            fileSize: settings.bytes("observations.file_bytes"),
            files: settings.whole("observations.files"),
            queue: settings.whole("observations.queue")
        )
        server = Server(
            connections: settings.whole("server.connections"),
            connectionsPerPeer: settings.whole("server.connections_per_peer"),
            containersAsPlatform: settings.flag("server.containers_as_platform"),
            idle: settings.seconds("server.idle_seconds"),
            request: settings.seconds("server.request_seconds")
        )
        policies = Policies(fileSize: settings.bytes("policies.file_bytes"), files: settings.whole("policies.files"))
        coordinator = settings.textOrNone("coordinator.url").map { url in
            Coordinator(
                url: url,
                tokenFile: settings.textOrNone("coordinator.token_file"),
                authorityFile: settings.textOrNone("coordinator.ca_file"),
                node: settings.textOrNone("coordinator.node") ?? Coordinator.hostName()
            )
        }
        reporting = Reporting(
            spool: settings.bytes("spool.bytes"),
            segment: settings.bytes("spool.segment_bytes"),
            batch: settings.whole("reporter.batch"),
            interval: settings.milliseconds("reporter.interval_ms")
        )
        looksAtShapes = settings.flag("shapes.enabled")
        measuredFunctions = settings.whole("metrics.functions")
        systemdCeilings = settings.flag("systemd.ceilings")
        logLevel = Logger.Level(rawValue: settings.text("log.level")) ?? .info
        check(reporting: &settings)
    }

    /// Finds what the table cannot say.
    private func check(reporting settings: inout SettingReader) {
        for text in cgroups.containers where ContainerPath.PlainRoot(text) == nil {
            settings.report(
                place: "cgroup.containers",
                "\(text): expected a path such as faas.slice or faas.slice/**"
            )
        }
        coordinator?.check(reporting: &settings)
        defaults.check(place: "defaults", reporting: &settings)
        for (name, grant) in functions.sorted(by: { $0.key < $1.key }) {
            grant.check(place: "functions/\(name)", reporting: &settings)
        }
    }
}

extension AgentConfiguration.Grant {
    fileprivate init(reading settings: SettingReader) {
        preset = settings.bytesOrNone("defaults.preset_bytes")
        minimum = settings.bytes("defaults.minimum_bytes")
        maximum = settings.bytesOrNone("defaults.maximum_bytes")
        tier = settings.bytes("defaults.tier_bytes")
        mode = Mode(rawValue: settings.text("defaults.mode")) ?? .observe
        canaryShare = settings.number("defaults.canary_share")
        rescuePriority = settings.whole("defaults.rescue_priority")
    }

    fileprivate func check(place: String, reporting settings: inout SettingReader) {
        if let maximum, minimum > maximum {
            settings.report(place: place, "minimum_bytes is above maximum_bytes; lower the one or raise the other")
        }
    }
}
