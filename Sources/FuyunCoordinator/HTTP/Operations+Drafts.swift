import CoreMetrics
import FuyunDrafter
import FuyunPolicy
import FuyunProtocol
import FuyunStore
import HTTPTypes
import Hummingbird
import NIOCore

extension Operations {
    /// The largest body of a request for a draft: a source with all that is said of it.
    static let largestDraftRequest = JSONDocument.maximumSize
    /// The largest body of shapes.
    static let largestShapes = 1 << 20
    /// Functions in a body of shapes.
    static let shapesAtOnce = 1_000
    /// The longest that a request for a draft waits for it, in seconds.
    static let longestDraftWait: Int64 = 60

    /// `POST /v1/functions/{function}/drafts`: 202, or 200 when it has ended within `wait`.
    func addDraft(_ name: String, _ target: RequestTarget, _ request: Request) async throws(ErrorAnswer) -> Response {
        let isDryRun = try target.flag("dry_run")
        let wait = try target.whole("wait", in: 0...Self.longestDraftWait) ?? 0
        let wanted = try await bodies.read(request, atMost: Self.largestDraftRequest) { body throws(ErrorAnswer) in
            let function = try await known(name)
            let bounds = function.registration.bounds
            guard body.readableBytes > 0 else { return try await kept(name, bounds) }
            return try Self.draftRequest(body, name, bounds)
        }
        let stored = try await drafter.submit(wanted.masked, isDryRun: isDryRun)
        guard wait > 0, let ended = try await drafter.wait(for: stored.id, of: name, atMost: .seconds(wait)) else {
            return .json(.accepted, CoordinatorAPI.Draft(stored))
        }
        return .json(ended.result == nil ? .accepted : .ok, CoordinatorAPI.Draft(ended))
    }

    /// What the function was last drafted from; without that, nothing but what payloads look like.
    private func kept(_ name: String, _ bounds: SafetyBounds) async throws(ErrorAnswer) -> DraftRequest {
        try await stored { () throws(StoreError) in
            if let kept = try await store.keptSource(of: name) {
                return try DraftRequest(kept: kept.text, of: name, within: bounds)
            }
            return DraftRequest(
                function: name,
                source: SourceBundle(files: [], digest: Self.digestOfNothing),
                grant: bounds
            )
        }
    }

    private static let digestOfNothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    private static func draftRequest(
        _ body: ByteBuffer,
        _ name: String,
        _ bounds: SafetyBounds
    ) throws(ErrorAnswer) -> DraftRequest {
        guard let text = String(validating: body.readableBytesView, as: UTF8.self) else {
            throw ErrorAnswer(.badRequest, "a request for a draft: expected UTF-8 text")
        }
        do throws(DraftFormatError) {
            var request = try DraftRequest(json: text, function: name, grant: bounds)
            // These are never the caller's to say.
            request.function = name
            request.grant = bounds
            request.knowledge = []
            request.evidence = nil
            return request
        } catch {
            throw ErrorAnswer(
                .badRequest,
                "a request for a draft is not what is expected",
                findings: error.diagnostics.map(ErrorAnswer.Finding.init)
            )
        }
    }

    /// `GET /v1/functions/{function}/drafts`: newest first, without what was asked and answered.
    func listDrafts(_ name: String, _ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let limit = try target.limit()
        let before = try target.whole("before", in: 1...Int64.max)
        _ = try await known(name)
        let found = try await stored { () throws(StoreError) in
            try await store.drafts(of: name, before: before, limit: limit)
        }
        return .json(
            CoordinatorAPI.Page(
                found.map(CoordinatorAPI.Draft.init),
                next: found.count == limit ? found.last.map { String($0.id) } : nil
            )
        )
    }

    /// `GET /v1/functions/{function}/drafts/{id}`.
    func getDraft(_ name: String, _ id: Int64, _ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let wait = try target.whole("wait", in: 0...Self.longestDraftWait) ?? 0
        _ = try await known(name)
        guard let draft = try await drafter.wait(for: id, of: name, atMost: .seconds(wait)) else {
            throw ErrorAnswer(.notFound, "function \(name) has no draft \(id)")
        }
        return .json(CoordinatorAPI.Draft(draft))
    }

    /// `GET /v1/functions/{function}/shapes`.
    func getShape(_ name: String) async throws(ErrorAnswer) -> Response {
        _ = try await known(name)
        let found = try await stored { () throws(StoreError) in try await store.shape(of: name) }
        return .json(
            CoordinatorAPI.Shape(
                function: name,
                changedAt: found?.changedAt.milliseconds,
                shape: found?.shape.encoded
            )
        )
    }

    /// `POST /v1/nodes/{node}/shapes`.
    func nodeShapes(_ request: Request) async throws(ErrorAnswer) -> Response {
        try await bodies.read(request, atMost: Self.largestShapes) { body throws(ErrorAnswer) in
            let shapes = try Self.shapes(body)
            try await stored { () throws(StoreError) in try await store.mergeShapes(shapes, at: clock.now) }
            metrics.drafter.shapes.increment(by: Int64(shapes.count))
            return Response(status: .noContent)
        }
    }

    /// Reads `{"schema":"fuyun.shapes/v1","functions":[{"function":…,"shape":…}]}`.
    private static func shapes(_ body: ByteBuffer) throws(ErrorAnswer) -> [FunctionShape] {
        let root: JSONValue
        do throws(JSONSyntaxError) {
            root = try JSONDocument.parse(Array(body.readableBytesView)).root
        } catch {
            throw ErrorAnswer(.badRequest, "shapes of payloads: \(error.position): \(error.message)")
        }
        var collector = DiagnosticCollector(root: root)
        var shapes: [FunctionShape] = []
        if var object = JSONElement(root).object(reporting: &collector) {
            let schema = object.required("schema", reporting: &collector)?.string(reporting: &collector)
            if let schema, schema != "fuyun.shapes/v1" {
                throw ErrorAnswer(.badSchema, "shapes of payloads: expected the schema fuyun.shapes/v1")
            }
            let functions = object.required("functions", reporting: &collector)?
                .elements(count: 0...shapesAtOnce, reporting: &collector)
            for element in functions ?? [] {
                guard var entry = element.object(reporting: &collector) else { continue }
                let name = entry.required("function", reporting: &collector)
                let text = name?.string(length: 1...256, reporting: &collector)
                if let name, let text, !PolicyDocument.isFunctionName(text) || text == "." || text == ".." {
                    collector.error(at: name.path, .badValue, "expected a function's name")
                }
                let shape = entry.required("shape", reporting: &collector)
                    .flatMap { PayloadShape($0, reporting: &collector) }
                entry.finish(reporting: &collector)
                if let text, let shape { shapes.append(FunctionShape(function: text, shape: shape)) }
            }
            object.finish(reporting: &collector)
        }
        guard !collector.hasErrors else {
            throw ErrorAnswer(
                .badRequest,
                "shapes of payloads are not what is expected",
                findings: collector.diagnostics.map(ErrorAnswer.Finding.init)
            )
        }
        return shapes
    }

    /// `GET /v1/functions/{function}/observations`: one JSON object a line, newest first.
    func listObservations(_ name: String, _ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let limit = Int(try target.whole("limit", in: 1...10_000) ?? 1_000)
        _ = try await known(name)
        let found = try await stored { () throws(StoreError) in try await store.observations(of: name, limit: limit) }
        var buffer = ByteBuffer()
        for observation in found {
            observation.record.write(into: &buffer)
            buffer.writeString("\n")
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson"],
            body: ResponseBody(byteBuffer: buffer)
        )
    }
}

extension CoordinatorAPI.Draft {
    /// A draft out of the store.
    init(_ stored: StoredDraft) {
        let result = stored.result
        self.init(
            id: stored.id,
            function: stored.draft.function,
            state: result.map { $0.isDone ? .done : .failed } ?? .open,
            cause: stored.draft.cause.rawValue,
            createdAt: stored.createdAt.milliseconds
        )
        isDryRun = stored.draft.isDryRun
        endedAt = stored.endedAt?.milliseconds
        guard let result else { return }
        summary = result.summary
        versions = result.versions
        model = result.model
        promptDigest = result.promptDigest
        calls = result.calls
        promptTokens = result.promptTokens
        completionTokens = result.completionTokens
        cost = result.cost
        draft = result.record.map { Array($0.utf8) }
    }
}
