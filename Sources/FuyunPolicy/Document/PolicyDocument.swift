/// A policy as it is written: how a function's memory follows from its input, and how cautious to be about it.
///
/// `PolicyCompiler` reads and checks one; docs/policy-language.md describes it key by key.
public struct PolicyDocument: Sendable, Hashable {
    /// The name of this form of document, its `schema`.
    public static let schema = "fuyun.policy/v1"
    /// The most variables of a policy.
    public static let maximumVariables = 16
    /// The most terms of a law.
    public static let maximumTerms = 4
    /// The most values of a category.
    public static let maximumCategoryValues = 64
    /// The most knots of a term.
    public static let maximumKnots = 64

    /// Whose policy it is and where it stands.
    public var metadata: PolicyMetadata
    /// What is read from an invocation.
    public var inputs: PolicyInputs
    /// How memory follows from it.
    public var logic: PolicyLogic
    /// How cautious to be.
    public var safety: PolicySafety

    /// Makes a document.
    ///
    /// Nothing is checked here; `PolicyCompiler.compile` does that.
    public init(metadata: PolicyMetadata, inputs: PolicyInputs, logic: PolicyLogic, safety: PolicySafety) {
        self.metadata = metadata
        self.inputs = inputs
        self.logic = logic
        self.safety = safety
    }

    /// Whether a text can name a function: 1 to 256 of `A-Z a-z 0-9 . _ @ : / -`.
    public static func isFunctionName(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isWordByte || [0x2E, 0x40, 0x3A, 0x2F, 0x2D].contains($0) }
    }
}

/// Whose policy it is and where it stands.
public struct PolicyMetadata: Sendable, Hashable {
    /// The function that the policy is for.
    public var policyID: String
    /// The version, from 1; versions of a function only grow.
    public var version: Int
    /// Where the version stands on the ladder.
    public var status: PolicyStatus
    /// The version that this one takes the place of.
    public var supersedes: Int?
    /// Who made it, and of what.
    public var origin: PolicyOrigin?
    /// When it was written, in the writer's own form.
    public var updatedAt: String?

    /// Makes metadata.
    public init(
        policyID: String,
        version: Int,
        status: PolicyStatus,
        supersedes: Int? = nil,
        origin: PolicyOrigin? = nil,
        updatedAt: String? = nil
    ) {
        self.policyID = policyID
        self.version = version
        self.status = status
        self.supersedes = supersedes
        self.origin = origin
        self.updatedAt = updatedAt
    }
}

/// Where a version stands on the ladder.
public enum PolicyStatus: String, Sendable, Hashable, CaseIterable {
    /// Being written; not used.
    case draft
    /// Decides, but the decision is only recorded.
    case shadow
    /// Decides for a share of the invocations.
    case canary
    /// Decides for all.
    case active
    /// Out of use.
    case retired

    /// The mode that a version of this status asks for; nil when it is not used.
    public var mode: Mode? {
        switch self {
        case .draft, .retired: nil
        case .shadow: .shadow
        case .canary: .canary
        case .active: .enforce
        }
    }
}

/// Who made a policy, and of what.
public struct PolicyOrigin: Sendable, Hashable {
    /// A word for the maker, like `human`, `llm`, `tuner` or `library`.
    public var kind: String
    /// The model that was asked.
    public var model: String?
    /// The digest of the function's source, `algorithm:hex`.
    public var sourceDigest: String?
    /// The digest of what the model was asked.
    public var promptDigest: String?

    /// Makes an origin.
    public init(kind: String, model: String? = nil, sourceDigest: String? = nil, promptDigest: String? = nil) {
        self.kind = kind
        self.model = model
        self.sourceDigest = sourceDigest
        self.promptDigest = promptDigest
    }
}

/// How cautious to be about a formula's result.
public struct PolicySafety: Sendable, Hashable {
    /// The share that is added to the bound, 0 to 10.
    public var headroom: Double
    /// The least limit that the policy sets, in bytes.
    public var minimum: Int?
    /// The greatest limit that the policy sets, in bytes.
    public var maximum: Int?
    /// Limits are rounded up to a multiple of this, in bytes.
    public var tierBytes: Int?
    /// What the residuals of earlier runs ask for on top of the prediction, the same for every law.
    public var calibration: PolicyCalibration?
    /// What they ask for law by law, by the selecting category's values; empty when all laws share `calibration`.
    public var lawCalibrations: [String: PolicyCalibration]
    /// The bound of calls that can be raised while they run; nil when the safe one is theirs too.
    public var rescue: PolicyRescue?
    /// The share of the invocations that a canary version decides, 0 to 1.
    public var canaryShare: Double?

    /// The share of a canary version that names none.
    public static let defaultCanaryShare = 0.1

    /// The calibration of a law: its own, or the shared one.
    public func calibration(of law: PolicyLaw) -> PolicyCalibration? {
        law.value.flatMap { lawCalibrations[$0] } ?? calibration
    }

    /// Makes a safety section.
    public init(
        headroom: Double,
        minimum: Int? = nil,
        maximum: Int? = nil,
        tierBytes: Int? = nil,
        calibration: PolicyCalibration? = nil,
        lawCalibrations: [String: PolicyCalibration] = [:],
        rescue: PolicyRescue? = nil,
        canaryShare: Double? = nil
    ) {
        self.headroom = headroom
        self.minimum = minimum
        self.maximum = maximum
        self.tierBytes = tierBytes
        self.calibration = calibration
        self.lawCalibrations = lawCalibrations
        self.rescue = rescue
        self.canaryShare = canaryShare
    }
}
