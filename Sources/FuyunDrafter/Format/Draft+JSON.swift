import FuyunPolicy

extension Draft {
    var value: JSONValue {
        var room = Self.maximumSteps
        return .object([
            ("schema", .string(Self.schema)),
            ("outcome", .string(outcome.rawValue)),
            ("summary", .string(summary)),
            ("candidates", .array(candidates.map(\.value))),
            ("steps", .array(steps.map { $0.value(room: &room) })),
            ("model", model.map { .string($0) }),
            ("prompt_digest", promptDigest.map { .string($0) }),
            ("usage", usage.value),
            ("duration_ms", .number(duration.milliseconds)),
        ])
    }

    init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        object.schema(Self.schema, &collector)
        let outcome = object.required("outcome", reporting: &collector)?.word(Outcome.self, reporting: &collector)
        let summary = object.required("summary", reporting: &collector)?.string(reporting: &collector)
        let candidates = object.required("candidates", reporting: &collector)?.elements(
            count: 0...64,
            reporting: &collector
        )
        let steps = object.required("steps", reporting: &collector)?.elements(count: 0...64, reporting: &collector)
        let model = object.optional("model")?.string(reporting: &collector)
        let digest = object.optional("prompt_digest")?.string(reporting: &collector)
        let usage = object.required("usage", reporting: &collector).flatMap { TokenUsage($0, &collector) }
        let duration = object.required("duration_ms", reporting: &collector)?.number(
            in: 0...1e12,
            reporting: &collector
        )
        object.finish(reporting: &collector)
        guard let outcome, let summary, let candidates, let steps, let usage, let duration else { return nil }
        self.init(
            outcome: outcome,
            summary: summary,
            candidates: candidates.compactMap { DraftCandidate($0, &collector) },
            steps: steps.compactMap { DraftStep($0, &collector) },
            model: model,
            promptDigest: digest,
            usage: usage,
            duration: .nanoseconds(Int64((duration * 1e6).rounded()))
        )
    }
}

extension DraftCandidate {
    fileprivate var value: JSONValue {
        .object([
            // The document's own canonical form, as a part of this one.
            ("document", document.flatMap { try? JSONDocument.parse($0.encoded()).root }),
            ("rationale", .string(rationale)),
            ("diagnostics", .array(diagnostics.map { .string($0) })),
        ])
    }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let written = object.optional("document")
        let rationale = object.required("rationale", reporting: &collector)?.string(reporting: &collector)
        let diagnostics = object.required("diagnostics", reporting: &collector)?.elements(reporting: &collector)
        object.finish(reporting: &collector)
        guard let rationale, let diagnostics else { return nil }
        var document: PolicyDocument?
        if let written {
            let compilation = PolicyCompiler.compile(written.value.encoded(pretty: false))
            document = compilation.document
            if compilation.policy == nil {
                let first = compilation.errors.first?.description ?? "it does not compile"
                collector.error(at: written.path, .badValue, "this is no policy: \(first)")
                return nil
            }
        }
        self.init(
            document: document,
            rationale: rationale,
            diagnostics: diagnostics.compactMap { $0.string(reporting: &collector) }
        )
    }
}

extension DraftStep {
    fileprivate func value(room: inout Int) -> JSONValue {
        func kept(_ text: String) -> JSONValue {
            let part = text.prefix(bytes: max(room, 0))
            room -= part.utf8.count
            return .string(part.utf8.count < text.utf8.count ? part + "…" : text)
        }
        // Answers first: the questions can be made again from the request.
        let answer = answer.map { kept($0) }
        let problem = problem.map { kept($0) }
        let question = question.map { message in
            JSONValue.object([("role", .string(message.role.rawValue)), ("content", kept(message.content))])
        }
        return .object([
            ("purpose", .string(purpose)), ("question", .array(question)), ("answer", answer), ("problem", problem),
            ("usage", usage.value),
        ])
    }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let purpose = object.required("purpose", reporting: &collector)?.string(reporting: &collector)
        let question = object.required("question", reporting: &collector)?.elements(reporting: &collector)
        let answer = object.optional("answer")?.string(reporting: &collector)
        let problem = object.optional("problem")?.string(reporting: &collector)
        let usage = object.required("usage", reporting: &collector).flatMap { TokenUsage($0, &collector) }
        object.finish(reporting: &collector)
        guard let purpose, let question, let usage else { return nil }
        self.init(
            purpose: purpose,
            question: question.compactMap { ChatMessage($0, &collector) },
            answer: answer,
            problem: problem,
            usage: usage
        )
    }
}

extension ChatMessage {
    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let role = object.required("role", reporting: &collector)?.word(Role.self, reporting: &collector)
        let content = object.required("content", reporting: &collector)?.string(reporting: &collector)
        object.finish(reporting: &collector)
        guard let role, let content else { return nil }
        self.init(role: role, content: content)
    }
}

extension TokenUsage {
    fileprivate var value: JSONValue {
        .object([
            ("prompt_tokens", .integer(promptTokens)), ("completion_tokens", .integer(completionTokens)),
            ("cost", cost.map { .number($0) }),
        ])
    }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let prompt = object.required("prompt_tokens", reporting: &collector)?.integer(reporting: &collector)
        let completion = object.required("completion_tokens", reporting: &collector)?.integer(reporting: &collector)
        let cost = object.optional("cost")?.number(reporting: &collector)
        object.finish(reporting: &collector)
        guard let prompt, let completion else { return nil }
        self.init(promptTokens: prompt, completionTokens: completion, cost: cost)
    }
}

extension Duration {
    /// Milliseconds, fractions kept.
    fileprivate var milliseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e3 + Double(attoseconds) / 1e15
    }
}
