import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits

extension MemoryLimit {
    static func mebibytes(_ count: UInt64) -> MemoryLimit { .bytes(.mebibytes(count)) }
}

extension MonotonicTime {
    static func milliseconds(_ count: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: count * 1_000_000) }
}

extension MeterReading {
    /// A reading with a heap and page cache of so many mebibytes; `current` is their sum.
    static func use(heap: UInt64, cache: UInt64 = 0) -> MeterReading {
        MeterReading(
            current: .mebibytes(heap + cache),
            stat: MemoryStat(
                anonymous: .mebibytes(heap),
                file: .mebibytes(cache),
                shared: .zero,
                kernel: .zero,
                slabReclaimable: .zero
            )
        )
    }
}

/// A container of 512 MiB that is admitted, and driven with as few words as possible.
struct Driver {
    var ledger: ContainerLedger
    var sequence: UInt64 = 0
    var now = MonotonicTime.milliseconds(1_000)

    init(
        limit: MemoryLimit? = .mebibytes(512),
        stored: MemoryLimit? = nil,
        managed: Bool = true,
        ancestors: MemoryLimit = .max,
        frozen: Bool = false,
        swap: MemoryLimit? = .bytes(.zero),
        settings: LimiterSettings = LimiterSettings(),
        high: MemoryLimit? = nil,
        reading: MeterReading = .use(heap: 10)
    ) {
        ledger =
            ContainerLedger.admit(
                AdmissionFacts(
                    id: CgroupID(rawValue: 7),
                    path: "/faas/c1",
                    isManaged: managed,
                    limitFound: limit,
                    storedCeiling: stored,
                    swapLimit: swap,
                    ancestorLimit: ancestors,
                    highFound: high,
                    isFrozen: frozen,
                    reading: reading
                ),
                settings: settings
            ).ledger
    }

    static func decision(limit: UInt64, part: UInt64? = nil, reason: DecisionReason = .policy) -> DecisionRecord {
        DecisionRecord(
            Decision(
                limit: .mebibytes(limit),
                predicted: .mebibytes(limit),
                bound: .mebibytes(limit),
                inputPart: part.map { .mebibytes($0) },
                reason: reason
            ),
            policyVersion: 3
        )
    }

    mutating func begin(
        _ decision: DecisionRecord?,
        mode: Mode = .enforce,
        canary: Bool = false,
        function: String = "guest/f",
        by claimant: FunctionClaimant = .peer,
        connection: UInt64 = 1,
        found: MemoryLimit? = nil,
        reading: MeterReading = .use(heap: 10)
    ) -> BeginOutcome {
        sequence += 1
        return ledger.began(
            BeginFacts(
                id: InvocationID(epoch: 1, sequence: sequence),
                function: function,
                claimant: claimant,
                connection: connection,
                decision: decision,
                mode: mode,
                isInCanaryShare: canary,
                time: now,
                epochMilliseconds: 1_769_000_000_000,
                limitFound: found,
                reading: reading
            )
        )
    }

    mutating func end(
        _ sequence: UInt64? = nil,
        _ outcome: InvocationOutcome = .success,
        found: MemoryLimit? = nil,
        peak: PeakReading? = nil,
        reading: MeterReading = .use(heap: 10),
        vanished: Bool = false
    ) -> EndOutcome? {
        ledger.ended(
            EndFacts(
                id: InvocationID(epoch: 1, sequence: sequence ?? self.sequence),
                outcome: outcome,
                time: now,
                epochMilliseconds: 1_769_000_000_500,
                limitFound: found,
                peak: peak,
                reading: reading,
                cgroupVanished: vanished
            )
        )
    }

    mutating func wait(milliseconds: Int64) { now = now.advanced(by: .milliseconds(milliseconds)) }
}
