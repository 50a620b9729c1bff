import Cgroup
import FuyunInvocation
import Testing

@Suite("OOM classes by evidence")
struct OOMClassifierTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var evidence: OOMEvidence
        var expected: OOMClass?
        var exceeded: Bool
        var mention: String

        init(
            _ name: String,
            _ expected: OOMClass?,
            exceeded: Bool = false,
            mention: String = "",
            _ outcome: InvocationOutcome,
            all: MemoryEvents? = flat,
            local: MemoryEvents? = flat,
            group: Bool? = false,
            ancestors: [AncestorReading]? = [calm("/faas"), calm("/")],
            userspace: UInt64? = 0,
            unit: Bool? = nil,
            exit: Int? = nil,
            http: Int? = nil,
            late: Bool = false,
            vanished: Bool = false,
            populated: Bool? = true,
            near: Bool? = nil
        ) {
            testDescription = name
            self.expected = expected
            self.exceeded = exceeded
            self.mention = mention
            evidence = OOMEvidence(
                events: all,
                localEvents: local,
                killsAsGroup: group,
                ancestors: ancestors,
                userspaceKills: userspace,
                unitResultIsOOM: unit,
                outcome: outcome,
                exitStatus: exit,
                httpStatus: http,
                deadlinePassed: late,
                cgroupVanished: vanished,
                populated: populated,
                nearLimit: near
            )
        }
    }

    static let flat = MemoryEvents(low: 0, high: 0, max: 0, oom: 0, oomKill: 0, oomGroupKill: 0)

    static func killed(oom: UInt64? = 1, kills: UInt64? = 1, group: UInt64? = 0, max: UInt64? = 30) -> MemoryEvents {
        MemoryEvents(low: 0, high: 0, max: max, oom: oom, oomKill: kills, oomGroupKill: group)
    }

    static func calm(_ path: String) -> AncestorReading { AncestorReading(path: path, local: flat, events: flat) }

    static func hit(_ path: String, scope: Bool = false) -> AncestorReading {
        AncestorReading(
            path: path,
            isContainerScope: scope,
            local: killed(kills: 0),
            events: killed()
        )
    }

    static func below(_ path: String, scope: Bool = false, oom: UInt64 = 1) -> AncestorReading {
        AncestorReading(path: path, isContainerScope: scope, local: flat, events: killed(oom: oom))
    }

    static let rows: [Row] = [
        // The container's own limit.
        Row(
            "killed at its limit",
            .ownLimit,
            exceeded: true,
            mention: "memory.events.local oom +1",
            .crashed,
            all: killed(),
            local: killed(),
            exit: 137,
            populated: false
        ),
        Row(
            "killed, nobody reported",
            .ownLimit,
            exceeded: true,
            mention: "nobody reported",
            .abandoned,
            all: killed(),
            local: killed()
        ),
        Row(
            "killed, the platform saw a timeout",
            .ownLimit,
            exceeded: true,
            .timeout,
            all: killed(),
            local: killed(),
            late: true
        ),
        Row(
            "killed, the shim outlived the server",
            .ownLimit,
            exceeded: true,
            mention: "signal 9",
            .crashed,
            all: killed(),
            local: killed(),
            exit: 137
        ),
        Row(
            "the server answered an error after it was signalled",
            .ownLimit,
            exceeded: true,
            .error,
            all: killed(),
            local: killed(),
            exit: 137,
            http: 502
        ),
        Row(
            "killed, and the cgroup went after the reading",
            .ownLimit,
            exceeded: true,
            .crashed,
            all: killed(),
            local: killed(),
            exit: 137,
            vanished: true
        ),
        Row(
            "kernel before 5.2, no local counters",
            .ownLimit,
            exceeded: true,
            mention: "memory.events oom +1",
            .crashed,
            all: killed(),
            local: nil,
            exit: 137
        ),
        Row("only local counters read", .ownLimit, exceeded: true, .crashed, all: nil, local: killed(), exit: 137),
        Row(
            "no oom counter, but the limit was hit",
            .ownLimit,
            exceeded: true,
            mention: "max +30",
            .crashed,
            all: killed(oom: nil),
            local: killed(oom: nil),
            exit: 137
        ),
        Row(
            "no oom_kill counter, oom moved",
            .ownLimit,
            exceeded: true,
            .crashed,
            all: killed(kills: nil),
            local: killed(kills: nil),
            exit: 137
        ),
        Row(
            "own and ancestor's limit hit: own",
            .ownLimit,
            exceeded: true,
            .crashed,
            all: killed(),
            local: killed(),
            ancestors: [hit("/faas")],
            exit: 137
        ),
        Row(
            "the limit on crun's scope",
            .ownLimit,
            exceeded: true,
            mention: "the container's scope",
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [hit("/m.slice/c.scope", scope: true), calm("/m.slice")],
            exit: 137
        ),
        Row(
            "an allocation was refused, nothing killed",
            .ownLimit,
            exceeded: true,
            mention: "refused",
            .error,
            all: killed(kills: 0),
            local: killed(kills: 0),
            http: 500
        ),
        Row(
            "an allocation was refused at crun's scope",
            .ownLimit,
            exceeded: true,
            mention: "refused",
            .error,
            ancestors: [hit("/m.slice/c.scope", scope: true)],
            http: 500
        ),
        Row(
            "refused, but the function coped",
            nil,
            .success,
            all: killed(kills: 0),
            local: killed(kills: 0),
            http: 200
        ),

        // How far it went.
        Row(
            "a child was killed, the call succeeded",
            .childOnly,
            exceeded: true,
            mention: "survivor",
            .success,
            all: killed(),
            local: killed(),
            http: 200
        ),
        Row(
            "a child was killed, the server answers an error",
            .childOnly,
            exceeded: true,
            mention: "HTTP 400",
            .error,
            all: killed(),
            local: killed(),
            http: 400
        ),
        Row(
            "a child was killed, populated unknown",
            .childOnly,
            exceeded: true,
            .success,
            all: killed(),
            local: killed(),
            populated: nil
        ),
        Row(
            "a child was killed at crun's scope",
            .childOnly,
            exceeded: true,
            .error,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [hit("/m.slice/c.scope", scope: true)],
            http: 500
        ),
        Row(
            "the whole group",
            .group,
            exceeded: true,
            mention: "oom_group_kill +1",
            .crashed,
            all: killed(group: 1),
            local: killed(group: 1),
            group: true,
            exit: 137,
            populated: false
        ),
        Row(
            "the whole group, kernel before 5.17",
            .group,
            exceeded: true,
            mention: "memory.oom.group 1",
            .crashed,
            all: killed(group: nil),
            local: killed(group: nil),
            group: true,
            exit: 137,
            populated: false
        ),

        // Somebody else's limit.
        Row(
            "an ancestor's limit",
            .ancestorLimit,
            mention: "/faas memory.events.local oom +1",
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [calm("/faas/a"), hit("/faas")],
            exit: 137
        ),
        Row(
            "an ancestor's limit beyond crun's scope",
            .ancestorLimit,
            mention: "/m.slice",
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [calm("/m.slice/c.scope"), hit("/m.slice")],
            exit: 137
        ),
        Row(
            "an ancestor's limit killed a child",
            .ancestorLimit,
            mention: "survivor",
            .error,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [hit("/faas")],
            http: 400
        ),
        Row(
            "the node",
            .global,
            mention: "no limit on the path",
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            exit: 137
        ),
        Row(
            "the node, ancestors only by their hierarchical counters",
            .global,
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [AncestorReading(path: "/faas", events: killed(oom: 0))],
            exit: 137
        ),
        Row(
            "ancestor or node: not readable",
            .unknown,
            mention: "could not be read",
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: nil,
            exit: 137
        ),
        Row(
            "ancestor or node: one level not readable",
            .unknown,
            .crashed,
            all: killed(oom: 0),
            local: killed(oom: 0),
            ancestors: [AncestorReading(path: "/faas")],
            exit: 137
        ),
        Row(
            "a limit that the function set itself further down",
            .unknown,
            mention: "below",
            .error,
            all: killed(),
            local: killed(oom: 0, kills: 0),
            http: 500
        ),
        Row(
            "a kill, and a kernel that counts nothing else",
            .unknown,
            .crashed,
            all: MemoryEvents(oomKill: 1),
            local: nil,
            exit: 137
        ),
        Row("systemd-oomd", .userspaceKiller, mention: "oomd_kill", .crashed, userspace: 3, exit: 137),
        Row(
            "systemd-oomd, counters unreadable",
            .userspaceKiller,
            .abandoned,
            all: nil,
            local: nil,
            userspace: 1,
            vanished: true
        ),

        // The container is gone, and its counters with it.
        Row(
            "gone; the scope above counted",
            .ownLimit,
            exceeded: true,
            mention: "gone",
            .abandoned,
            all: nil,
            local: nil,
            ancestors: [hit("/m.slice/c.scope", scope: true)],
            vanished: true,
            populated: nil
        ),
        Row(
            "gone; the slice saw a limit below it hit",
            .ownLimit,
            exceeded: true,
            mention: "right below",
            .abandoned,
            all: nil,
            local: nil,
            ancestors: [below("/faas"), calm("/")],
            vanished: true,
            populated: nil
        ),
        Row(
            "gone; the slice's own limit",
            .ancestorLimit,
            .abandoned,
            all: nil,
            local: nil,
            ancestors: [hit("/faas")],
            vanished: true,
            populated: nil
        ),
        Row(
            "gone; the slice counted a kill without a limit",
            .global,
            .abandoned,
            all: nil,
            local: nil,
            ancestors: [AncestorReading(path: "/faas", local: flat, events: killed(oom: 0))],
            vanished: true,
            populated: nil
        ),
        Row(
            "gone; systemd says oom-kill, use was near the limit",
            .ownLimit,
            exceeded: true,
            mention: "systemd",
            .abandoned,
            all: nil,
            local: nil,
            ancestors: nil,
            unit: true,
            vanished: true,
            populated: nil,
            near: true
        ),
        Row(
            "gone; systemd says oom-kill, nothing else known",
            .unknown,
            mention: "systemd",
            .abandoned,
            all: nil,
            local: nil,
            ancestors: nil,
            unit: true,
            vanished: true,
            populated: nil
        ),
        Row("gone; no trace", .unknown, .abandoned, all: nil, local: nil, ancestors: nil, vanished: true),
        Row("137, counters unreadable", .unknown, .crashed, all: nil, local: nil, exit: 137),
        Row("gone after it succeeded", nil, .success, all: nil, local: nil, vanished: true),

        // Reports without a kernel event.
        Row("137 from outside", .externalKill, mention: "oom_kill +0", .crashed, exit: 137),
        Row("-9 from outside", .externalKill, mention: "signal 9", .crashed, exit: -9),
        Row("the container was removed during the call", .externalKill, .abandoned, vanished: true, populated: nil),
        Row("134", .runtimeHeap, mention: "134", .crashed, exit: 134),
        Row("133, a trap of V8", .runtimeHeap, .crashed, exit: 133),
        Row("139 near the limit", .runtimeHeap, mention: "tenth", .crashed, exit: 139, near: true),
        Row("139 far from the limit is a bug", nil, .crashed, exit: 139, near: false),
        Row("a JVM that exits at its heap limit", .runtimeHeap, .crashed, exit: 3, near: true),
        Row("exit 3 otherwise", nil, .crashed, exit: 3),
        Row("134, counters unreadable", .runtimeHeap, .crashed, all: nil, local: nil, exit: 134),
        Row("timeout", .timeoutKill, mention: "timeout", .timeout),
        Row("timeout and 137", .timeoutKill, .timeout, exit: 137),
        Row("137 after the deadline", .timeoutKill, mention: "deadline", .crashed, exit: 137, late: true),
        Row("143 after the deadline", .timeoutKill, .crashed, exit: 143, late: true),
        Row("removed after the deadline", .timeoutKill, .abandoned, late: true, vanished: true),
        Row("an error after the deadline", nil, .error, http: 500, late: true),
        Row("the process went away, nobody says how", .unknown, .crashed, populated: false),
        Row("abandoned, and nothing is left in the container", .unknown, .abandoned, populated: false),
        Row("abandoned, the container lives on", nil, .abandoned),
        Row("success", nil, .success, http: 200),
        Row("success after the deadline", nil, .success, http: 200, late: true),
        Row("an ordinary error", nil, .error, http: 500),
        Row("an ordinary exit", nil, .crashed, exit: 1),
        Row("an exit status that is none", nil, .crashed, exit: .min),
        Row("a container whose slice was hit by another", nil, .success, ancestors: [hit("/faas")], http: 200),
    ]

    @Test("table", arguments: rows)
    func table(row: Row) {
        let verdict = OOMClassifier.classify(row.evidence)
        #expect(verdict.oomClass == row.expected, "\(verdict.evidence)")
        #expect(verdict.ownLimitExceeded == row.exceeded)
        #expect(verdict.evidence.contains { $0.contains(row.mention) } || row.mention.isEmpty, "\(verdict.evidence)")
        #expect((verdict.oomClass == nil) == verdict.evidence.isEmpty)
    }

    @Test("every class is reached")
    func everyClass() {
        #expect(Set(OOMClassifierTests.rows.compactMap(\.expected)) == Set(OOMClass.allCases))
    }

    @Test("evidence is bounded, whatever paths the tree has")
    func bounded() {
        let path = String(repeating: "/a-very-long-name", count: 300)
        let verdict = OOMClassifier.classify(
            Row(
                "",
                .ancestorLimit,
                .crashed,
                all: Self.killed(oom: 0),
                local: Self.killed(oom: 0),
                ancestors: [Self.hit(path)],
                exit: 137
            ).evidence
        )
        #expect(verdict.oomClass == .ancestorLimit)
        #expect(verdict.evidence.allSatisfy { $0.utf8.count <= 160 })
        #expect(OOMVerdict(.unknown, evidence: Array(repeating: "x", count: 50)).evidence.count == 8)
    }
}
