import FuyunDrafter
import FuyunPolicy
import FuyunStore
import MemoryUnits

/// A draft's candidates on their way to becoming versions: whatever they say of themselves, they get no more than anyone's
/// policy, and nothing that is not theirs to say.
enum DraftedPolicies {
    /// The author of drafted versions.
    static let author = "drafter"
    /// Candidates of a draft that become versions, at most.
    static let maximumCandidates = 4

    /// A version to be.
    struct Admitted: Sendable {
        var policy: NewPolicy
        /// What holds it back from shadow, for people; nil when nothing does.
        var obstacle: String?
    }

    /// The versions to be, the best first and in shadow where it may be, the others in draft.
    ///
    /// - Parameters:
    ///   - inUse: The versions that agents have.
    static func admitted(
        _ draft: Draft,
        id: Int64,
        of function: FunctionRegistration,
        inUse: [PolicyDocument]
    ) -> [Admitted] {
        var admitted: [Admitted] = []
        for candidate in draft.candidates.prefix(maximumCandidates) {
            guard let written = candidate.document,
                let document = narrowed(written, draft, of: function),
                !admitted.contains(where: { $0.policy.document.isSameProposal(as: document) })
            else { continue }
            let obstacle = admitted.isEmpty ? obstacle(document, draft.outcome, inUse) : nil
            let isFirst = admitted.isEmpty && obstacle == nil
            let text = candidate.rationale.isEmpty ? draft.summary : candidate.rationale
            admitted.append(
                Admitted(
                    policy: NewPolicy(
                        document: document,
                        status: isFirst ? .shadow : .draft,
                        author: author,
                        reason: DraftText.cut("draft \(id): \(text)", to: 1_000),
                        notes: DraftNotes(draft: id).text
                    ),
                    obstacle: obstacle
                )
            )
        }
        return admitted
    }

    /// The document with nothing in it that is not the drafter's to say; nil when it does not compile as it then is.
    private static func narrowed(
        _ written: PolicyDocument,
        _ draft: Draft,
        of function: FunctionRegistration
    ) -> PolicyDocument? {
        var document = written
        let origin = written.metadata.origin
        document.metadata = PolicyMetadata(
            policyID: function.name,
            version: 1,
            status: .draft,
            origin: PolicyOrigin(
                kind: origin?.kind == "llm" ? "llm" : "library",
                model: origin?.kind == "llm" ? draft.model ?? origin?.model : nil,
                sourceDigest: origin?.sourceDigest,
                promptDigest: origin?.kind == "llm" ? draft.promptDigest : nil
            )
        )
        let grant = function.bounds
        // What was never run has nothing that calibrates it, and bounds only ever become narrower than the operator's.
        document.safety.calibration = nil
        document.safety.lawCalibrations = [:]
        document.safety.canaryShare = nil
        document.safety.headroom = min(max(written.safety.headroom, 0), 1)
        document.safety.minimum = written.safety.minimum.map { max($0, Int(clamping: grant.minimum.rawValue)) }
        document.safety.maximum = written.safety.maximum.map { min($0, Int(clamping: grant.maximum.rawValue)) }
        if let least = document.safety.minimum, let most = document.safety.maximum, least > most {
            document.safety.minimum = nil
            document.safety.maximum = nil
        }
        return PolicyCompiler.compile(document).policy == nil ? nil : document
    }

    /// Why a document must not be in shadow now; nil when it may.
    private static func obstacle(
        _ document: PolicyDocument,
        _ outcome: Draft.Outcome,
        _ inUse: [PolicyDocument]
    ) -> String? {
        if outcome != .drafted, let version = inUse.first?.metadata.version {
            return
                "forms of the library do not take a place next to version \(version); the tuner tries such forms anyway"
        }
        if let canary = inUse.first(where: { $0.metadata.status == .canary }), canary.inputs == document.inputs {
            return "version \(canary.metadata.version) is on trial; the tuner fits the draft with it"
        }
        guard let active = inUse.first(where: { $0.metadata.status == .active }) else { return nil }
        // Agents record the features of both versions under their names.
        for variable in document.inputs.variables {
            guard let other = active.inputs.variables.first(where: { $0.name == variable.name }),
                other.source != variable.source || other.kind != variable.kind
            else { continue }
            return "it reads \(variable.name) from elsewhere than version \(active.metadata.version), which is active"
        }
        return nil
    }
}

/// What the coordinator writes next to a drafted version.
struct DraftNotes: Hashable {
    /// The draft that it is of.
    var draft: Int64

    /// As a JSON object.
    var text: String {
        String(decoding: JSONValue.object([("draft", .number(Double(draft)))]).encoded(pretty: false), as: UTF8.self)
    }

    init(draft: Int64) { self.draft = draft }

    /// What is written next to a version; nil when no draft made it.
    init?(_ policy: StoredPolicy) {
        guard policy.author == DraftedPolicies.author, let notes = policy.notes,
            let root = try? JSONDocument.parse(Array(notes.utf8)).root,
            case .number(let number)? = root["draft"]?.content, let draft = Int64(exactly: number)
        else { return nil }
        self.draft = draft
    }
}

extension PolicyDocument {
    /// Whether both say the same, whoever wrote them.
    fileprivate func isSameProposal(as other: PolicyDocument) -> Bool {
        var (mine, theirs) = (logic, other.logic)
        (mine.rationale, theirs.rationale) = (nil, nil)
        return inputs == other.inputs && mine == theirs
    }
}
