import FuyunPolicy

extension Draft {
    /// The draft as JSON text, on one line.
    public func json() -> String {
        let (seconds, attoseconds) = duration.components
        let value = JSONValue.object([
            ("outcome", .string(outcome.rawValue)), ("summary", .string(summary)),
            ("model", model.map { .string($0) }), ("prompt_digest", promptDigest.map { .string($0) }),
            ("duration_ms", .number(Double(seconds) * 1e3 + Double(attoseconds / 1_000_000_000) / 1e6)),
            ("usage", usage.json),
            (
                "candidates",
                .array(
                    candidates.map { candidate in
                        .object([
                            ("document", candidate.document.flatMap { try? JSONDocument.parse($0.encoded()).root }),
                            ("rationale", .string(candidate.rationale)),
                            ("diagnostics", .array(candidate.diagnostics.map { .string($0) })),
                        ])
                    }
                )
            ),
            ("steps", .array(steps.map(\.json))),
        ])
        return String(decoding: value.encoded(pretty: false), as: UTF8.self)
    }

    /// Reads what `json()` wrote.
    public init(json: String) throws(DraftFormatError) {
        self = try readFormat(json) { object, collector in
            let outcome = object.required("outcome", reporting: &collector)?
                .word(Outcome.self, reporting: &collector)
            let summary = object.required("summary", reporting: &collector)?.string(reporting: &collector)
            let model = object.present("model")?.string(reporting: &collector)
            let digest = object.present("prompt_digest")?.string(reporting: &collector)
            let milliseconds = object.present("duration_ms")?.number(in: 0...1e12, reporting: &collector)
            let usage = object.present("usage").flatMap { TokenUsage($0, reporting: &collector) }
            let candidates = object.list("candidates", atMost: 64, reporting: &collector)
                .compactMap { DraftCandidate($0, reporting: &collector) }
            let steps = object.list("steps", atMost: 64, reporting: &collector)
                .compactMap { DraftStep($0, reporting: &collector) }
            guard let outcome, let summary else { return nil }
            return Draft(
                outcome: outcome,
                summary: summary,
                candidates: candidates,
                steps: steps,
                model: model,
                promptDigest: digest,
                usage: usage ?? TokenUsage(),
                duration: .nanoseconds(Int64((milliseconds ?? 0) * 1e6))
            )
        }
    }
}

extension TokenUsage {
    fileprivate var json: JSONValue {
        .object([
            ("prompt_tokens", .number(Double(promptTokens))), ("completion_tokens", .number(Double(completionTokens))),
            ("cost", cost.map { .number($0) }),
        ])
    }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let prompt = object.required("prompt_tokens", reporting: &collector)?.integer(reporting: &collector)
        let completion = object.required("completion_tokens", reporting: &collector)?.integer(reporting: &collector)
        let cost = object.present("cost")?.number(reporting: &collector)
        object.finish(reporting: &collector)
        self.init(promptTokens: prompt ?? 0, completionTokens: completion ?? 0, cost: cost)
    }
}

extension DraftStep {
    fileprivate var json: JSONValue {
        .object([
            ("purpose", .string(purpose)),
            (
                "question",
                .array(
                    question.map {
                        .object([("role", .string($0.role.rawValue)), ("content", .string($0.content))])
                    }
                )
            ),
            ("answer", answer.map { .string($0) }), ("problem", problem.map { .string($0) }), ("usage", usage.json),
        ])
    }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let purpose = object.required("purpose", reporting: &collector)?.string(reporting: &collector)
        var question: [ChatMessage] = []
        for element in object.list("question", atMost: 64, reporting: &collector) {
            guard var message = element.object(reporting: &collector) else { continue }
            let role = message.required("role", reporting: &collector)?
                .word(ChatMessage.Role.self, reporting: &collector)
            let content = message.required("content", reporting: &collector)?.string(reporting: &collector)
            message.finish(reporting: &collector)
            if let role, let content { question.append(ChatMessage(role: role, content: content)) }
        }
        let answer = object.present("answer")?.string(reporting: &collector)
        let problem = object.present("problem")?.string(reporting: &collector)
        let usage = object.present("usage").flatMap { TokenUsage($0, reporting: &collector) }
        object.finish(reporting: &collector)
        guard let purpose else { return nil }
        self.init(purpose: purpose, question: question, answer: answer, problem: problem, usage: usage ?? TokenUsage())
    }
}

extension DraftCandidate {
    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let written = object.present("document")
        let document = written.flatMap { PolicyCompiler.compile($0.value.encoded(pretty: false)).document }
        if let written, document == nil {
            collector.error(at: written.path, .badValue, "this is no policy document that passes the check")
        }
        let rationale = object.required("rationale", reporting: &collector)?.string(reporting: &collector)
        let diagnostics = object.list("diagnostics", atMost: 1_000, reporting: &collector)
            .compactMap { $0.string(reporting: &collector) }
        object.finish(reporting: &collector)
        self.init(document: document, rationale: rationale ?? "", diagnostics: diagnostics)
    }
}
