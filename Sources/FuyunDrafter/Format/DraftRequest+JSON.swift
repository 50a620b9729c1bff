public import FuyunPolicy
import MemoryUnits

extension DraftRequest {
    /// The request as JSON text, on one line.
    ///
    /// - Parameter forCoordinator: Without grant, knowledge and evidence, which are the coordinator's to add.
    public func json(forCoordinator: Bool = false) -> String {
        var members: [(key: String, value: JSONValue?)] = [
            ("function", .string(function)), ("runtime", runtime.map { .string($0) }), ("source", source.json),
            ("payload", payload?.json),
        ]
        if !forCoordinator {
            members += [
                ("grant", grant.json),
                (
                    "knowledge",
                    .array(knowledge.map { .object([("name", .string($0.name)), ("text", .string($0.text))]) })
                ),
                ("evidence", evidence?.json),
            ]
        }
        return String(decoding: JSONValue.object(members).encoded(pretty: false), as: UTF8.self)
    }

    /// Reads what `json()` wrote.
    ///
    /// - Parameters:
    ///   - json: The text.
    ///   - function: The function; it takes the place of the one in the text, which may be missing then.
    ///   - grant: What the operator grants; it takes the place of the one in the text, which may be missing then.
    public init(
        json: String,
        function: String? = nil,
        grant: SafetyBounds? = nil
    ) throws(DraftFormatError) {
        self = try readFormat(json) { object, collector in
            let written =
                (function == nil ? object.required("function", reporting: &collector) : object.present("function"))?
                .string(length: 1...256, reporting: &collector)
            let runtime = object.present("runtime")?.string(length: 1...128, reporting: &collector)
            let source = object.required("source", reporting: &collector)
                .flatMap { SourceBundle($0, reporting: &collector) }
            let payload = object.present("payload").flatMap { PayloadShape($0, reporting: &collector) }
            let bounds = (grant == nil ? object.required("grant", reporting: &collector) : object.present("grant"))
                .flatMap { SafetyBounds($0, reporting: &collector) }
            let knowledge = object.list("knowledge", atMost: 64, reporting: &collector)
                .compactMap { KnowledgeNote($0, reporting: &collector) }
            let evidence = object.present("evidence").flatMap { DraftEvidence($0, reporting: &collector) }
            guard let name = function ?? written, let source, let bounds = grant ?? bounds else { return nil }
            return DraftRequest(
                function: name,
                runtime: runtime,
                source: source,
                grant: bounds,
                payload: payload,
                knowledge: knowledge,
                evidence: evidence
            )
        }
    }
}

extension SourceBundle {
    fileprivate var json: JSONValue {
        .object([
            ("digest", .string(digest)), ("masked_secrets", .number(Double(maskedSecrets))),
            ("files", .array(files.map { .object([("path", .string($0.path)), ("text", .string($0.text))]) })),
            ("omitted", .array(omitted.map { .object([("path", .string($0.path)), ("reason", .string($0.reason))]) })),
        ])
    }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let digest = object.required("digest", reporting: &collector)?.string(length: 1...256, reporting: &collector)
        let masked = object.present("masked_secrets")?.integer(reporting: &collector)
        var files: [File] = []
        for element in object.list("files", atMost: 200, reporting: &collector) {
            guard var file = element.object(reporting: &collector) else { continue }
            let path = file.required("path", reporting: &collector)?.string(length: 1...1024, reporting: &collector)
            let text = file.required("text", reporting: &collector)?.string(reporting: &collector)
            file.finish(reporting: &collector)
            if let path, let text { files.append(File(path: path, text: text)) }
        }
        var omitted: [Omission] = []
        for element in object.list("omitted", atMost: 10_000, reporting: &collector) {
            guard var file = element.object(reporting: &collector) else { continue }
            let path = file.required("path", reporting: &collector)?.string(length: 1...1024, reporting: &collector)
            let reason = file.required("reason", reporting: &collector)?.string(length: 1...64, reporting: &collector)
            file.finish(reporting: &collector)
            if let path, let reason { omitted.append(Omission(path: path, reason: reason)) }
        }
        object.finish(reporting: &collector)
        guard let digest else { return nil }
        self.init(files: files, omitted: omitted, digest: digest, maskedSecrets: masked ?? 0)
    }
}

extension SafetyBounds {
    /// Without what has no end, which a JSON number could not hold.
    fileprivate var json: JSONValue {
        func number(_ bytes: Bytes) -> JSONValue? { bytes.rawValue <= 1 << 53 ? .number(Double(bytes.rawValue)) : nil }
        return .object([
            ("minimum_bytes", number(minimum)), ("maximum_bytes", number(maximum)), ("preset_bytes", number(preset)),
            ("tier_bytes", number(tier)),
        ])
    }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        func bytes(_ key: String) -> Bytes? {
            object.present(key)?.integer(reporting: &collector).map { Bytes(UInt64($0)) }
        }
        self.init(
            minimum: bytes("minimum_bytes") ?? .zero,
            maximum: bytes("maximum_bytes") ?? .max,
            preset: bytes("preset_bytes") ?? .max,
            tier: bytes("tier_bytes") ?? .zero
        )
        object.finish(reporting: &collector)
    }
}

extension KnowledgeNote {
    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let name = object.required("name", reporting: &collector)?.string(length: 1...1024, reporting: &collector)
        let text = object.required("text", reporting: &collector)?.string(reporting: &collector)
        object.finish(reporting: &collector)
        guard let name, let text else { return nil }
        self.init(name: name, text: text)
    }
}

extension DraftEvidence {
    fileprivate var json: JSONValue {
        .object([
            ("reason", .string(reason)), ("features", .array(features.map { .string($0) })),
            (
                "rows",
                .array(
                    rows.map { row in
                        .object([
                            ("values", .array(row.values.map { .string($0) })),
                            ("need_bytes", .number(Double(row.need.rawValue))),
                            ("censored", JSONValue(.bool(row.isCensored))),
                            ("predicted_bytes", row.predicted.map { .number(Double($0.rawValue)) }),
                        ])
                    }
                )
            ),
            (
                "tried",
                .array(
                    tried.map {
                        .object([("formula", .string($0.formula)), ("relative_error", .number($0.relativeError))])
                    }
                )
            ),
        ])
    }

    fileprivate init?(_ element: JSONElement, reporting collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let reason = object.required("reason", reporting: &collector)?.string(length: 0...4096, reporting: &collector)
        let features = object.list("features", atMost: 64, reporting: &collector)
            .compactMap { $0.string(length: 1...256, reporting: &collector) }
        var rows: [Row] = []
        for element in object.list("rows", atMost: 1_000, reporting: &collector) {
            guard var row = element.object(reporting: &collector) else { continue }
            let values = row.list("values", atMost: 64, reporting: &collector)
                .compactMap { $0.string(length: 0...256, reporting: &collector) }
            let need = row.required("need_bytes", reporting: &collector)?.integer(reporting: &collector)
            let isCensored = row.present("censored")?.bool(reporting: &collector) ?? false
            let predicted = row.present("predicted_bytes")?.integer(reporting: &collector)
            row.finish(reporting: &collector)
            guard let need else { continue }
            let bytes = predicted.map { Bytes(UInt64($0)) }
            rows.append(Row(values: values, need: Bytes(UInt64(need)), isCensored: isCensored, predicted: bytes))
        }
        var tried: [Attempt] = []
        for element in object.list("tried", atMost: 64, reporting: &collector) {
            guard var attempt = element.object(reporting: &collector) else { continue }
            let formula = attempt.required("formula", reporting: &collector)?
                .string(length: 0...4096, reporting: &collector)
            let error = attempt.required("relative_error", reporting: &collector)?.number(reporting: &collector)
            attempt.finish(reporting: &collector)
            if let formula, let error { tried.append(Attempt(formula: formula, relativeError: error)) }
        }
        object.finish(reporting: &collector)
        guard let reason else { return nil }
        self.init(reason: reason, features: features, rows: rows, tried: tried)
    }
}
