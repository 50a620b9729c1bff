import FuyunStore
import FuyunTuning
import Logging
public import Settings

extension CoordinatorConfiguration {
    /// Every setting of the coordinator: the file, `FUYUN_COORDINATOR_*`, `--set` and docs/coordinator.md follow this table.
    public static let settings = SettingTable(
        prefix: ["fuyun", "coordinator"],
        standardFile: "/etc/fuyun/coordinator.json",
        documentation: "docs/coordinator.md",
        doorSettings + limitSettings + keepingSettings + tuningSettings + drafterSettings
    )

    private static let doorSettings: [Setting] = [
        .text("listen.host", "127.0.0.1", "address or name to listen on; off loopback TLS and tokens are needed"),
        .whole("listen.port", 0...65_535, 7070, "port to listen on; 0 takes any that is free"),
        .optionalText("tls.certificate_file", "certificate and those that vouch for it, PEM; empty is plain HTTP"),
        .optionalText("tls.key_file", "its private key, PEM"),
        .optionalText(
            "tokens.nodes_file",
            "tokens of nodes, a line `NODE TOKEN` each, `*` for any node; empty is none"
        ),
        .optionalText("tokens.operators_file", "tokens of operators, one a line; empty is none"),
        .text("store.path", "/var/lib/fuyun-coordinator/fuyun.db", "the database"),
    ]

    private static let limitSettings: [Setting] = [
        .whole("limits.connections", 16...1_000_000, 8_192, "connections open at once; more wait to be accepted"),
        .whole("limits.header_bytes", 4_096...(1 << 20), 32_768, "bytes of a request's head"),
        .whole("limits.request_seconds", 1...3_600, 20, "time within which a request must have arrived whole"),
        .whole("limits.idle_seconds", 1...86_400, 90, "time after which a connection without a request is closed"),
        .whole(
            "limits.bodies_bytes",
            16 << 20...(1 << 40),
            256 << 20,
            "request bodies in memory at once, in bytes; a request beyond is told to come again"
        ),
        .whole("limits.long_polls", 1...1_000_000, 20_000, "polls for policies that wait at once"),
        .whole("limits.event_streams", 1...100_000, 100, "followers of the event stream at once"),
        .whole(
            "ingest.queue_records",
            5_000...10_000_000,
            100_000,
            "observations that wait to be stored; a batch beyond is told to come again"
        ),
        .whole("ingest.transaction_records", 5_000...1_000_000, 20_000, "observations that one transaction stores"),
        .whole(
            "ingest.observations_per_minute",
            1...10_000_000,
            600,
            "unremarkable observations that a function shall bring a minute; nodes send a share when there are more"
        ),
    ]

    private static let keepingSettings: [Setting] = [
        .whole("retention.interval_seconds", 1...86_400, 600, "how often what is too old or too much is removed"),
        .whole("retention.observation_days", 1...36_500, 30, "age from which observations are removed"),
        .whole(
            "retention.observations_per_function",
            100...100_000_000,
            10_000,
            "latest observations of a function that stay"
        ),
        .whole("retention.event_days", 1...36_500, 90, "age from which events are removed"),
        .whole("retention.events", 100...100_000_000, 100_000, "latest events that stay"),
        .whole("retention.retired_versions", 1...100_000, 100, "newest retired versions of a function that stay"),
        .logLevel,
    ]

    private static let tuningSettings: [Setting] = [
        .word(
            "tuning.mode",
            TuningSettings.Mode.allCases.map(\.rawValue),
            TuningSettings.Mode.fuyun.rawValue,
            "how policies are fitted; `fuyun-paper` is for comparison only (docs/tuner.md)"
        ),
        .number("tuning.headroom", 0...10, 0, "headroom that stays, as a share of the calibrated bound"),
        .number("tuning.headroom_per_sample", 0...100, 0.1, "headroom that is added for n samples is this over n"),
        .whole("tuning.half_life_hours", 1...876_000, 336, "age at which an observation counts half"),
        .number("tuning.error_factor", 1.01...1_000, 2, "a bound that is off by more than this factor asks for a fit"),
        .whole("tuning.successes", 1...1_000_000, 10, "so many successes since the last fit ask for another"),
        .whole("tuning.period_seconds", 1...8_640_000, 3_600, "time after which anything new asks for a fit"),
        .share("tuning.canary_share", 0.1, "share of the calls that a canary decides"),
        .whole("tuning.canary_calls", 1...1_000_000, 10, "calls under a canary, none missed, that make it active"),
        .whole(
            "tuning.cool_down_seconds",
            1...86_400,
            600,
            "time after a roll-back in which limits are only raised; doubles with each that follows"
        ),
        .whole("tuning.workers", 0...1_024, 0, "functions that are fitted at the same time; 0 is one a processor"),
    ]

    /// Reads, checks and layers every source.
    ///
    /// - Throws: Every problem found, with its place.
    public static func load(_ sources: ConfigurationSources) throws(ConfigurationErrors) -> CoordinatorConfiguration {
        try settings.load(sources) { reader in
            CoordinatorConfiguration(reading: &reader, credentials: sources.environment["CREDENTIALS_DIRECTORY"])
        }
    }

    private init(reading settings: inout SettingReader, credentials: String?) {
        listen = Listen(host: settings.text("listen.host"), port: settings.whole("listen.port"))
        let certificate = settings.textOrNone("tls.certificate_file")
        let key = settings.textOrNone("tls.key_file")
        if let certificate, let key { tls = TLS(certificateFile: certificate, keyFile: key) }
        tokens = TokenFiles(
            nodes: settings.textOrNone("tokens.nodes_file"),
            operators: settings.textOrNone("tokens.operators_file")
        )
        storePath = settings.text("store.path")
        limits = Limits(
            connections: settings.whole("limits.connections"),
            headerBytes: settings.whole("limits.header_bytes"),
            request: settings.seconds("limits.request_seconds"),
            idle: settings.seconds("limits.idle_seconds"),
            bodiesBytes: settings.whole("limits.bodies_bytes"),
            longPolls: settings.whole("limits.long_polls"),
            eventStreams: settings.whole("limits.event_streams")
        )
        ingest = Ingest(
            queueRecords: settings.whole("ingest.queue_records"),
            transactionRecords: settings.whole("ingest.transaction_records"),
            observationsPerMinute: settings.whole("ingest.observations_per_minute")
        )
        retention = RetentionRules(
            observationAge: .seconds(86_400 * settings.whole("retention.observation_days")),
            observationsPerFunction: settings.whole("retention.observations_per_function"),
            eventAge: .seconds(86_400 * settings.whole("retention.event_days")),
            events: settings.whole("retention.events"),
            retiredVersionsPerFunction: settings.whole("retention.retired_versions")
        )
        retentionInterval = settings.seconds("retention.interval_seconds")
        tuning = TunerSettings(reading: &settings)
        drafting = DraftingSettings(reading: &settings, credentials: credentials)
        logLevel = Logger.Level(rawValue: settings.text("log.level")) ?? .info
        if (certificate == nil) != (key == nil) {
            settings.report(place: "tls", "certificate_file and key_file belong together; set both or none")
        }
        checkDoor(reporting: &settings)
    }

    /// Off loopback nobody is served in the clear, and nobody without a token.
    private func checkDoor(reporting settings: inout SettingReader) {
        guard !listen.isLoopback else { return }
        if tls == nil {
            settings.report(
                place: "tls",
                "\(listen.host) is not loopback: set tls.certificate_file and tls.key_file, or listen on 127.0.0.1"
            )
        }
        if tokens.operators == nil {
            settings.report(
                place: "tokens.operators_file",
                "\(listen.host) is not loopback: name a file of operator tokens, or listen on 127.0.0.1"
            )
        }
        if tokens.nodes == nil {
            settings.report(
                place: "tokens.nodes_file",
                "\(listen.host) is not loopback: name a file of node tokens, or listen on 127.0.0.1"
            )
        }
    }
}

extension TunerSettings {
    /// The tuner's settings as configured.
    fileprivate init(reading settings: inout SettingReader) {
        self.init()
        fitting.mode = TuningSettings.Mode(rawValue: settings.text("tuning.mode")) ?? .fuyun
        fitting.headroom = settings.number("tuning.headroom")
        fitting.headroomPerSample = settings.number("tuning.headroom_per_sample")
        fitting.halfLife = .seconds(3_600 * settings.whole("tuning.half_life_hours"))
        rules.errorFactor = settings.number("tuning.error_factor")
        rules.successes = settings.whole("tuning.successes")
        rules.successesAtMost = max(rules.successesAtMost, rules.successes)
        rules.period = settings.seconds("tuning.period_seconds")
        rules.canaryShare = settings.number("tuning.canary_share")
        rules.canaryAppliedCalls = settings.whole("tuning.canary_calls")
        rules.coolDown = settings.seconds("tuning.cool_down_seconds")
        let workers = settings.whole("tuning.workers")
        self.workers = workers == 0 ? nil : workers
    }
}
