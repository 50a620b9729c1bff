import FuyunPolicy
import FuyunTuning
import MemoryUnits

/// Seconds since 1970, for tests.
func at(_ seconds: Int) -> Duration { .seconds(1_700_000_000 + seconds) }

/// A version, with times in seconds.
func version(
    _ number: Int,
    _ status: PolicyStatus,
    supersedes: Int? = nil,
    created: Int = 0,
    since: Int? = nil
) -> RolloutVersion {
    RolloutVersion(number, status, supersedes: supersedes, createdAt: at(created), statusSince: at(since ?? created))
}

/// One call of a table: what it needed, what it ran under, when; all versions give what `limits` says, in MiB.
struct Call {
    var need: Sample.Need?
    var version: Int?
    var isMiss = false
    var isRescued = false
    var seconds: Int

    /// A success that needed so many MiB.
    static func used(_ mebibytes: UInt64, under version: Int? = nil, at seconds: Int = 0) -> Call {
        Call(need: .between(.mebibytes(mebibytes), .mebibytes(mebibytes)), version: version, seconds: seconds)
    }

    /// A call that was raised while it ran, and needed so many MiB.
    static func rescued(_ mebibytes: UInt64, under version: Int? = nil, at seconds: Int = 0) -> Call {
        var call = used(mebibytes, under: version, at: seconds)
        call.isRescued = true
        return call
    }

    /// A call that ran out at so many MiB.
    static func ranOut(_ mebibytes: UInt64, under version: Int? = nil, at seconds: Int = 0) -> Call {
        Call(need: .above(.mebibytes(mebibytes)), version: version, isMiss: true, seconds: seconds)
    }
}

/// Evidence of calls, numbered from 1, and of versions that give every call the same, in MiB.
func evidence(_ calls: [Call], _ limits: [Int: UInt64] = [:]) -> RolloutEvidence {
    RolloutEvidence(
        calls: calls.enumerated().map { index, call in
            RolloutCall(
                id: Int64(index + 1),
                receivedAt: at(call.seconds),
                appliedVersion: call.version,
                isMiss: call.isMiss,
                isRescued: call.isRescued,
                need: call.need
            )
        },
        limits: limits.mapValues { limit in calls.map { _ in fixed(limit) } }
    )
}

/// A limit of so many MiB, bound and all.
func fixed(_ mebibytes: UInt64) -> ReplayedLimit {
    ReplayedLimit(limit: .mebibytes(mebibytes), bound: .mebibytes(mebibytes))
}

/// A proposal that gives every call of the evidence so many MiB.
func proposal(_ mebibytes: UInt64, for evidence: RolloutEvidence) -> RolloutProposal {
    RolloutProposal(limits: evidence.calls.map { _ in fixed(mebibytes) })
}

/// What a fit that saw so many calls left behind.
func memory(of calls: Int, at seconds: Int = 0, wanting successes: Int = 10, tolerating factor: Double = 1) -> FitMemory
{
    FitMemory(newestID: Int64(calls), at: at(seconds), successesWanted: successes, toleratedFactor: factor)
}

extension RolloutDecision {
    /// The decision without its reasons: `keep`, `refit miss`, `roll_back 2→retired 1→active`.
    var outline: String {
        switch self {
        case .keep: "keep"
        case .refit(let trigger): "refit \(trigger.word)"
        case .move(let move, let changes, _):
            ([move.rawValue] + changes.map { "\($0.version)→\($0.status.rawValue)" }).joined(separator: " ")
        }
    }
}

extension PublishDecision {
    /// The decision without its reasons: `active retiring 1`, `refuse cooling_down`.
    var outline: String {
        switch self {
        case .publish(let plan):
            ([plan.status.rawValue, "retiring"] + plan.retiring.map(String.init)).joined(separator: " ")
        case .refuse(let refusal, _, _): "refuse \(refusal.rawValue)"
        }
    }

    /// The sentence.
    var reason: String {
        switch self {
        case .publish(let plan): plan.reason
        case .refuse(_, let reason, _): reason
        }
    }
}

/// SplitMix64, so that a failing run can be had again.
struct RolloutGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
