public import FuyunPolicy
public import MemoryUnits
public import NIOCore

/// The answer to `POST /v1/invocations`: 201.
public struct BeginAnswer: Hashable, Sendable {
    /// The invocation's id, to be named at its end.
    public var id: InvocationID
    /// The function, as given.
    public var function: String
    /// The limit that holds for the container now; nil for none (`max`).
    public var limit: Bytes?
    /// Whether the decision's limit was written.
    public var applied: Bool
    /// Whether the limit is above the decision because the container uses more than the decision right now.
    public var held: Bool
    /// How far the policy's decision reaches.
    public var mode: Mode
    /// What was decided and from what; nil when there is no policy for the function.
    public var decision: DecisionReport?

    /// Makes an answer.
    public init(
        id: InvocationID,
        function: String,
        limit: Bytes?,
        applied: Bool,
        held: Bool,
        mode: Mode,
        decision: DecisionReport? = nil
    ) {
        self.id = id
        self.function = function
        self.limit = limit
        self.applied = applied
        self.held = held
        self.mode = mode
        self.decision = decision
    }

    /// Appends the body of the answer.
    public func write(into buffer: inout ByteBuffer) {
        buffer.writeJSON { json in
            json.beginObject()
            json.key("id")
            json.value(id)
            json.field("function", function)
            json.field("limit_bytes", limit)
            json.field("applied", applied)
            json.field("held", held)
            json.field("mode", mode.rawValue)
            json.key("decision")
            if let decision { decision.write(into: &json) } else { json.null() }
            json.endObject()
        }
    }

    /// Reads only the id from the body of an answer: enough to end the invocation.
    ///
    /// The other values are passed over.
    package static func id(parsing body: ByteBuffer) throws(JSONError) -> InvocationID {
        var id: InvocationID?
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                if key == "id" { id = try json.invocationID() } else { try json.skip() }
            }
        }
        return try JSONError.require(id, "id")
    }

    /// Reads the body of an answer; unknown keys are skipped.
    public init(parsing body: ByteBuffer) throws(JSONError) {
        var id: InvocationID?
        var function: String?
        var limit: Bytes??
        var applied: Bool?
        var held = false
        var mode: Mode?
        var decision: DecisionReport?
        try JSONReader.read(body) { json throws(JSONError) in
            try json.object { json, key throws(JSONError) in
                switch key {
                case "id": id = try json.invocationID()
                case "function": function = try json.string()
                case "limit_bytes": limit = .some(try json.orNull { json throws(JSONError) in try json.bytes() })
                case "applied": applied = try json.bool()
                case "held": held = try json.bool()
                case "mode": mode = try json.choice()
                case "decision":
                    decision = try json.orNull { json throws(JSONError) in try DecisionReport(reading: &json) }
                default: try json.skip()
                }
            }
        }
        self.init(
            id: try JSONError.require(id, "id"),
            function: try JSONError.require(function, "function"),
            limit: try JSONError.require(limit, "limit_bytes"),
            applied: try JSONError.require(applied, "applied"),
            held: held,
            mode: try JSONError.require(mode, "mode"),
            decision: decision
        )
    }
}

/// A decision with what it was made from, as told to callers and operators.
public struct DecisionReport: Hashable, Sendable {
    /// The value of one variable of the policy.
    ///
    /// Never free text of the payload: a category is one of the policy's words.
    public enum FeatureValue: Hashable, Sendable {
        /// A number.
        case number(Double)
        /// One of the values that the policy declares for a category.
        case category(String)
        /// Not found, or not usable.
        case missing
    }

    /// One variable of the policy.
    public struct Feature: Hashable, Sendable {
        /// The variable's name in the policy.
        public var name: String
        /// Its value in this payload.
        public var value: FeatureValue

        /// Makes a feature.
        public init(_ name: String, _ value: FeatureValue) {
            self.name = name
            self.value = value
        }
    }

    /// Why the limit is what it is.
    public var reason: DecisionReason
    /// The policy's version.
    public var policyVersion: Int
    /// The formula's own result.
    public var predicted: Bytes
    /// The calibrated bound before headroom.
    public var bound: Bytes
    /// The headroom that was added, as a share.
    public var headroom: Double
    /// The limit that was decided (not always the one that holds, see `BeginAnswer.applied` and `.held`).
    public var limit: Bytes
    /// What happened between bound and limit.
    public var adjustments: LimitAdjustments
    /// The variables, in the policy's order.
    public var features: [Feature]

    /// Makes a report.
    public init(
        reason: DecisionReason,
        policyVersion: Int,
        predicted: Bytes,
        bound: Bytes,
        headroom: Double,
        limit: Bytes,
        adjustments: LimitAdjustments = [],
        features: [Feature] = []
    ) {
        self.reason = reason
        self.policyVersion = policyVersion
        self.predicted = predicted
        self.bound = bound
        self.headroom = headroom
        self.limit = limit
        self.adjustments = adjustments
        self.features = features
    }

    /// Makes a report of a decision.
    public init(_ decision: Decision, policyVersion: Int, features: [Feature] = []) {
        self.init(
            reason: decision.reason,
            policyVersion: policyVersion,
            predicted: decision.predicted,
            bound: decision.bound,
            headroom: decision.headroom,
            limit: decision.limit,
            adjustments: decision.adjustments,
            features: features
        )
    }

    /// Writes the report as an object, where a value is due.
    public func write(into json: inout JSONWriter) {
        json.beginObject()
        json.field("reason", reason.rawValue)
        json.field("policy_version", policyVersion)
        json.field("predicted_bytes", predicted)
        json.field("bound_bytes", bound)
        json.field("headroom", headroom)
        json.field("limit_bytes", limit)
        json.key("adjustments")
        json.beginArray()
        for (adjustment, name) in LimitAdjustments.names where adjustments.contains(adjustment) { json.value(name) }
        json.endArray()
        json.key("features")
        json.beginObject()
        for feature in features {
            json.key(named: feature.name)
            switch feature.value {
            case .number(let number): json.value(number)
            case .category(let word): json.value(word)
            case .missing: json.null()
            }
        }
        json.endObject()
        json.endObject()
    }

    /// Reads a report.
    package init(reading json: inout JSONReader) throws(JSONError) {
        var reason: DecisionReason?
        var limit: Bytes?
        self.init(reason: .policy, policyVersion: 0, predicted: .zero, bound: .zero, headroom: 0, limit: .zero)
        try json.object { json, key throws(JSONError) in
            switch key {
            case "reason": reason = try json.choice()
            case "policy_version": policyVersion = try json.integer()
            case "predicted_bytes": predicted = try json.bytes()
            case "bound_bytes": bound = try json.bytes()
            case "headroom": headroom = try json.number()
            case "limit_bytes": limit = try json.bytes()
            case "adjustments":
                try json.array { json throws(JSONError) in
                    let name = try json.string()
                    if let known = LimitAdjustments.names.first(where: { $0.1 == name }) { adjustments.insert(known.0) }
                }
            case "features":
                try json.object { json, key throws(JSONError) in
                    features.append(Feature(key, try json.featureValue()))
                }
            default: try json.skip()
            }
        }
        self.reason = try JSONError.require(reason, "decision.reason")
        self.limit = try JSONError.require(limit, "decision.limit_bytes")
    }
}

extension LimitAdjustments {
    /// The words for the set's members on the wire.
    public static let names: [(LimitAdjustments, String)] = [
        (.raisedToMinimum, "raised_to_minimum"), (.cutToMaximum, "cut_to_maximum"), (.snappedUp, "snapped_up"),
        (.raisedAfterMiss, "raised_after_miss"),
        (.rescueBound, "rescue_bound"),
    ]
}

extension JSONReader {
    fileprivate mutating func featureValue() throws(JSONError) -> DecisionReport.FeatureValue {
        switch try peek() {
        case .null:
            try null()
            return .missing
        case .string: return .category(try string())
        default: return .number(try number())
        }
    }
}
