import FuyunPolicy
import FuyunStore
import FuyunTuning

/// What the tuner writes next to a version, so that a coordinator that starts anew goes on where the last one was.
struct FitNotes: Hashable {
    /// The newest observation that the fit saw.
    var newestID: Int64
    /// Clean samples.
    var samples: Int
    /// Why it was fitted: `RefitTrigger.word`.
    var trigger: String
    /// The mean limit over the calls replayed, in bytes.
    var meanLimit: Double
    /// The same of the version before.
    var meanLimitBefore: Double?
    /// How far bounds were off.
    var toleratedFactor: Double

    /// As a JSON object.
    var text: String {
        let value = JSONValue.object([
            ("newest_observation", .number(Double(newestID))), ("samples", .number(Double(samples))),
            ("trigger", .string(trigger)), ("mean_limit_bytes", .number(meanLimit)),
            ("mean_limit_before_bytes", meanLimitBefore.map(JSONValue.number)),
            ("tolerated_factor", .number(toleratedFactor)),
        ])
        return String(decoding: value.encoded(pretty: false), as: UTF8.self)
    }

    /// What the tuner remembers of a version's fit; nil when it did not make it.
    static func memory(of policy: StoredPolicy, _ rules: RolloutRules) -> FitMemory? {
        guard policy.author == TunerNames.tuner, let notes = policy.notes,
            let root = try? JSONDocument.parse(Array(notes.utf8)).root,
            case .number(let newest)? = root["newest_observation"]?.content, let id = Int64(exactly: newest)
        else { return nil }
        var factor = 1.0
        if case .number(let value)? = root["tolerated_factor"]?.content { factor = value }
        return FitMemory(
            newestID: id,
            at: policy.createdAt.sinceEpoch,
            successesWanted: rules.successes,
            toleratedFactor: factor
        )
    }
}

/// Who moves versions, as the store writes it down.
enum TunerNames {
    /// The author of fitted versions.
    static let tuner = "tuner"
    /// The author of steps on the ladder.
    static let ladder = "ladder"
}
