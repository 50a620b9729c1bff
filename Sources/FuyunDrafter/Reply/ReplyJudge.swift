public import FuyunPolicy

/// What an answer is worth.
struct Judgement {
    /// The candidates, the best first, those that are refused last.
    var candidates: [DraftCandidate]
    /// What is wrong with the answer besides single candidates.
    var general: [Diagnostic]
    /// How many candidates are policies.
    var accepted: Int
    /// What the model found, in a few words.
    var summary: String

    /// Everything that the model is to mend.
    var complaints: [String] {
        general.filter { $0.severity == .error }.map(\.description)
            + candidates.filter { $0.document == nil }.flatMap(\.diagnostics)
    }
}

/// Reads, checks and ranks an answer.
struct ReplyJudge {
    let request: DraftRequest
    let settings: DrafterSettings
    let promptDigest: String

    func judge(_ reply: String, model: String?) -> Judgement {
        let root: JSONValue
        switch ReplyText.object(in: reply) {
        case .success(let value): root = value
        case .failure(let diagnostic):
            return Judgement(candidates: [], general: [diagnostic], accepted: 0, summary: "")
        }
        var decoder = ReplyDecoder(root: root)
        let reply = decoder.reply()
        let policies = ReplyPolicies(
            request: request,
            origin: PolicyOrigin(
                kind: PolicyOrigin.model,
                model: model.map { Self.name($0) },
                sourceDigest: request.source.digest.isEmpty ? nil : request.source.digest,
                promptDigest: promptDigest
            ),
            headroom: settings.headroom
        )
        let (candidates, general) = policies.candidates(of: reply)
        let ranked = Self.ranked(candidates)
        return Judgement(
            candidates: ranked,
            general: general,
            accepted: ranked.count { $0.document != nil },
            summary: reply.summary
        )
    }

    /// What is usable comes first, of that what there is least doubt about, and among equals the model's own order stands.
    private static func ranked(_ candidates: [DraftCandidate]) -> [DraftCandidate] {
        candidates.enumerated()
            .sorted { left, right in
                let (first, second) = (left.element.rank, right.element.rank)
                return first == second ? left.offset < right.offset : first < second
            }
            .map(\.element)
    }

    /// A model's name as a document may hold it.
    private static func name(_ model: String) -> String {
        String(quoted(model, limit: 120).dropFirst().dropLast())
    }
}

extension DraftCandidate {
    fileprivate var rank: Int { document == nil ? Int.max : diagnostics.count }
}

extension PolicyOrigin {
    /// The kind of origin of what a model drafted.
    public static let model = "llm"
    /// The kind of origin of a form that was made without reading the source.
    public static let library = "library"
}
