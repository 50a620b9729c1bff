public import MemoryUnits

/// How far a policy's decision reaches, from looking on to deciding.
///
/// The order is that of growing trust.
public enum Mode: String, Hashable, Sendable, Comparable, CaseIterable {
    /// Limits are left untouched; features and peaks are recorded.
    case observe
    /// The decision is recorded, the preset applies.
    case shadow
    /// A share of the invocations, chosen by a hash of the activation id, is enforced; the rest is shadow.
    case canary
    /// Every invocation gets the decision's limit.
    case enforce

    private var rank: Int {
        switch self {
        case .observe: 0
        case .shadow: 1
        case .canary: 2
        case .enforce: 3
        }
    }

    /// Orders modes by trust.
    public static func < (left: Mode, right: Mode) -> Bool { left.rank < right.rank }
}

/// What the operator grants a function, whatever its policy says.
///
/// A policy can narrow this, never widen it.
public struct SafetyBounds: Hashable, Sendable {
    /// The least limit that may be set.
    public var minimum: Bytes
    /// The greatest limit that may be set.
    public var maximum: Bytes
    /// The limit when no policy decides: the platform's declared limit of the function.
    public var preset: Bytes
    /// Limits are rounded up to a multiple of this.
    public var tier: Bytes

    /// Makes bounds; the minimum is lowered to the maximum where they cross.
    public init(minimum: Bytes, maximum: Bytes, preset: Bytes, tier: Bytes) {
        self.minimum = min(minimum, maximum)
        self.maximum = maximum
        self.preset = preset
        self.tier = tier
    }
}

/// Why a limit is what it is: the policy decided, or the reason for which the preset applies instead.
public enum DecisionReason: String, Hashable, Sendable, CaseIterable {
    /// The policy's formula decided.
    case policy
    /// There is no policy for the function.
    case noPolicy = "no_policy"
    /// A variable without a default was not in the payload.
    case missingFeature = "missing_feature"
    /// A variable had a value of another type than declared.
    case wrongType = "wrong_type"
    /// A variable was outside the range that the policy declares.
    case outOfRange = "out_of_range"
    /// A category was none of the declared values.
    case unknownCategory = "unknown_category"
    /// The payload is empty where the policy needs one.
    case emptyPayload = "empty_payload"
    /// The payload is not JSON.
    case malformedPayload = "malformed_payload"
    /// The payload is nested deeper than is looked at.
    case payloadTooDeep = "payload_too_deep"
    /// A variable may lie beyond the part of the payload that was sent.
    case truncatedPayload = "truncated_payload"
    /// The formula's result is not a number, infinite or overflowed.
    case notFinite = "not_finite"
    /// The formula's result is zero or negative.
    case notPositive = "not_positive"
    /// The category's value has a law that is still left open.
    case lawOpen = "law_open"
}

/// What happened to a bound on its way to the limit.
public struct LimitAdjustments: OptionSet, Hashable, Sendable {
    /// The set as bits.
    public let rawValue: UInt8
    /// Makes a set from bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Raised to the minimum.
    public static let raisedToMinimum = LimitAdjustments(rawValue: 1)
    /// Cut to the maximum.
    public static let cutToMaximum = LimitAdjustments(rawValue: 2)
    /// Rounded up to a tier.
    public static let snappedUp = LimitAdjustments(rawValue: 4)
    /// Raised by the agent because a call of this version ran out of memory a moment ago.
    public static let raisedAfterMiss = LimitAdjustments(rawValue: 8)
    /// The bound is the policy's tighter one, for a call that can be raised while it runs.
    public static let rescueBound = LimitAdjustments(rawValue: 16)
}

/// The outcome of a policy for one payload: a pure function of (features, policy, bounds).
public struct Decision: Hashable, Sendable {
    /// The limit for the invocation: predicted → calibrated bound → headroom → clip → tier; or the preset.
    public var limit: Bytes
    /// The formula's own result; zero when it did not decide.
    public var predicted: Bytes
    /// The calibrated bound before headroom; zero when the formula did not decide.
    public var bound: Bytes
    /// The part of `limit` that depends on the input, headroom included: what one more concurrent invocation adds, and
    /// what a warm container needs on top of what it holds.
    ///
    /// The whole limit when the formula did not decide.
    public var inputPart: Bytes
    /// The headroom that was added, as a share.
    public var headroom: Double
    /// Why the limit is what it is.
    public var reason: DecisionReason
    /// The index of the variable that `reason` speaks of, in the policy's order; -1 for none.
    public var variable: Int8
    /// The law that decided: index of the select value, 0 without select.
    public var law: UInt8
    /// What happened between bound and limit.
    public var adjustments: LimitAdjustments

    /// Whether the bound is the policy's tighter one, for a call that can be raised while it runs.
    public var usesRescueBound: Bool { adjustments.contains(.rescueBound) }

    /// Makes a decision.
    public init(
        limit: Bytes,
        predicted: Bytes = .zero,
        bound: Bytes = .zero,
        inputPart: Bytes? = nil,
        headroom: Double = 0,
        reason: DecisionReason,
        variable: Int8 = -1,
        law: UInt8 = 0,
        adjustments: LimitAdjustments = []
    ) {
        self.limit = limit
        self.predicted = predicted
        self.bound = bound
        self.inputPart = inputPart ?? limit
        self.headroom = headroom
        self.reason = reason
        self.variable = variable
        self.law = law
        self.adjustments = adjustments
    }

    /// The preset, and why.
    public static func preset(
        _ bounds: SafetyBounds,
        because reason: DecisionReason,
        variable: Int8 = -1
    ) -> Decision {
        Decision(limit: bounds.preset, reason: reason, variable: variable)
    }
}
