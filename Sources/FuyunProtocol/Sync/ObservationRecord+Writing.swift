import FuyunPolicy
import MemoryUnits
public import NIOCore

extension ObservationRecord {
    /// Appends the record as `fuyun.observation/v1`: the keys that a record holds, in the order in which agents write
    /// them.
    ///
    /// Reading it back gives the same record (durations to the microsecond).
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { write(to: &$0) }
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.field("schema", Self.schema)
        json.key("id")
        json.value(id)
        json.field("function", function)
        json.field("began_ms", beganAt)
        json.field("duration_ms", duration.inMilliseconds)
        json.field("known", isKnown)
        json.field("mode", mode.rawValue)
        json.field("reason", reason)
        json.key("decision")
        Self.write(decision, to: &json)
        json.key("shadow")
        Self.write(shadow, to: &json)
        writeFeatures(to: &json)
        json.field("limit_bytes", limit)
        json.field("ceiling_bytes", ceiling)
        json.field("held", isHeld)
        json.field("peak_bytes", peak)
        json.key("need")
        json.beginObject()
        json.field("lower_bytes", needLower == .max ? nil : needLower)
        json.field("upper_bytes", needUpper)
        json.field("censored", isCensored)
        json.endObject()
        json.key("events")
        json.beginObject()
        json.field("max", limitHits)
        json.endObject()
        json.field("thrashing", isThrashing)
        json.field("outcome", outcome.rawValue)
        writeOutOfMemory(to: &json)
        json.field("warm_index", warmIndex)
        json.field("concurrency", concurrency)
        json.field("rescues", rescues)
        json.endObject()
    }

    private static func write(_ decision: DecisionSummary?, to json: inout JSONWriter) {
        guard let decision else { return json.null() }
        json.beginObject()
        json.field("reason", decision.reason.rawValue)
        json.field("policy_version", decision.version)
        json.field("predicted_bytes", decision.predicted)
        json.field("bound_bytes", decision.bound)
        json.field("limit_bytes", decision.limit == .max ? nil : decision.limit)
        json.endObject()
    }

    private func writeFeatures(to json: inout JSONWriter) {
        json.key("features")
        json.beginObject()
        for feature in features {
            json.key(named: feature.name)
            switch feature.value {
            case .number(let number): json.value(number)
            case .category(let word): json.value(word)
            }
        }
        json.endObject()
    }

    private func writeOutOfMemory(to json: inout JSONWriter) {
        json.key("oom")
        guard oomClass != nil || ownLimitExceeded else { return json.null() }
        json.beginObject()
        json.field("class", (oomClass ?? .unknown).rawValue)
        json.field("own_limit_exceeded", ownLimitExceeded)
        json.endObject()
    }
}
