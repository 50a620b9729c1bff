package import FuyunProtocol
package import NIOCore

/// One request of an operator, and the kind of answer that it has.
package struct CoordinatorRequest<Answer: Sendable>: Sendable {
    /// The HTTP method.
    package enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    package var method: Method
    /// The segments of the path, as they are.
    package var path: [String]
    package var query: [(name: String, value: String)] = []
    package var body: ByteBuffer?
    /// The type of answer that is asked for.
    package var accept = "application/json"
    /// How long the answer may take.
    package var timeout = Duration.seconds(30)

    init(_ method: Method, _ path: [String], query: [(name: String, value: String?)] = [], body: ByteBuffer? = nil) {
        self.method = method
        self.path = ["v1"] + path
        self.query = query.compactMap { item in item.value.map { (item.name, $0) } }
        self.body = body
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Page<CoordinatorAPI.Function> {
    /// Functions by name.
    package static func functions(after name: String? = nil, limit: Int? = nil) -> Self {
        Self(.get, ["functions"], query: [("after", name), ("limit", limit.map(String.init))])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Function {
    /// One function.
    package static func function(_ name: String) -> Self { Self(.get, ["functions", name]) }

    /// Registers a function, or changes its registration.
    package static func register(_ name: String, _ registration: CoordinatorAPI.Registration) -> Self {
        Self(.put, ["functions", name], body: registration.body)
    }

    /// Changes a function's switches.
    package static func change(_ change: CoordinatorAPI.FunctionSwitchesChange, of name: String) -> Self {
        Self(.patch, ["functions", name, "switches"], body: change.body)
    }
}

/// The answer without content.
package struct NoContent: Sendable {}

extension CoordinatorRequest where Answer == NoContent {
    /// Removes a function with all that belongs to it.
    package static func remove(_ name: String) -> Self { Self(.delete, ["functions", name]) }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Page<CoordinatorAPI.PolicyItem> {
    /// The versions of a function's policy, newest first.
    package static func policies(of name: String, before version: String? = nil, limit: Int? = nil) -> Self {
        Self(.get, ["functions", name, "policies"], query: [("before", version), ("limit", limit.map(String.init))])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Policy {
    /// A version with its document.
    package static func policy(of name: String, version: Int) -> Self {
        Self(.get, ["functions", name, "policies", String(version)])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.PolicyItem {
    /// Stores a document as the next version.
    package static func add(_ document: ByteBuffer, to name: String) -> Self {
        Self(.post, ["functions", name, "policies"], body: document)
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.PolicyDiff {
    /// What differs between two versions.
    package static func diff(of name: String, from: Int, to: Int) -> Self {
        Self(.get, ["functions", name, "policies", String(from), "diff"], query: [("to", String(to))])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.LadderAnswer {
    /// Makes a version the active one.
    package static func activate(_ version: Int, of name: String, _ request: CoordinatorAPI.LadderRequest) -> Self {
        Self(.post, ["functions", name, "policies", String(version), "activate"], body: request.body)
    }

    /// Takes a version out of use.
    package static func retire(_ version: Int, of name: String, _ request: CoordinatorAPI.LadderRequest) -> Self {
        Self(.post, ["functions", name, "policies", String(version), "retire"], body: request.body)
    }

    /// Goes back to the version before the active one.
    package static func rollback(_ name: String, _ request: CoordinatorAPI.LadderRequest) -> Self {
        Self(.post, ["functions", name, "rollback"], body: request.body)
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.TuneReport {
    /// Runs the tuner; a dry run publishes nothing.
    package static func tune(_ name: String, isDryRun: Bool) -> Self {
        Self(.post, ["functions", name, "tune"], query: [("dry_run", isDryRun ? "true" : nil)])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Draft {
    /// Asks for a draft of a function's policy; `body` is a draft's request as JSON, its source without secrets.
    ///
    /// The answer is mostly a draft that is still open: drafting takes as long as a model does.
    package static func draft(_ name: String, _ body: ByteBuffer, isDryRun: Bool) -> Self {
        Self(
            .post,
            ["functions", name, "drafts"],
            query: [("dry_run", isDryRun ? "true" : nil)],
            body: body
        )
    }

    /// A draft with all that was asked and answered.
    ///
    /// - Parameter wait: How many seconds, at most 60, the coordinator may hold the answer back while it is open.
    package static func draft(of name: String, id: Int64, wait: Int = 0) -> Self {
        var request = Self(
            .get,
            ["functions", name, "drafts", String(id)],
            query: [("wait", wait > 0 ? String(wait) : nil)]
        )
        request.timeout = .seconds(30 + wait)
        return request
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Page<CoordinatorAPI.Draft> {
    /// A function's drafts, newest first.
    package static func drafts(of name: String, before id: String? = nil, limit: Int? = nil) -> Self {
        Self(.get, ["functions", name, "drafts"], query: [("before", id), ("limit", limit.map(String.init))])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Shape {
    /// What payloads of a function look like.
    package static func shape(of name: String) -> Self { Self(.get, ["functions", name, "shapes"]) }
}

extension CoordinatorRequest where Answer == NoContent {
    /// The latest observations of a function that are kept, newest first, one JSON object a line: for `raw(_:)`.
    package static func observations(of name: String, limit: Int? = nil) -> Self {
        var request = Self(.get, ["functions", name, "observations"], query: [("limit", limit.map(String.init))])
        request.accept = "application/x-ndjson"
        // Ten thousand of them may have a megabyte or ten.
        request.timeout = .seconds(120)
        return request
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Page<CoordinatorAPI.Node> {
    /// Nodes by name.
    package static func nodes(after name: String? = nil, limit: Int? = nil) -> Self {
        Self(.get, ["nodes"], query: [("after", name), ("limit", limit.map(String.init))])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Page<CoordinatorAPI.Event> {
    /// Events after an id, oldest first.
    package static func events(after id: String? = nil, limit: Int? = nil) -> Self {
        Self(.get, ["events"], query: [("after", id), ("limit", limit.map(String.init))])
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Switches {
    /// The switches that hold for every function.
    package static func switches() -> Self { Self(.get, ["switches"]) }

    /// Changes them.
    package static func change(_ change: CoordinatorAPI.SwitchesChange) -> Self {
        Self(.patch, ["switches"], body: change.body)
    }
}

extension CoordinatorRequest where Answer == CoordinatorAPI.Status {
    /// How the coordinator is.
    package static func status() -> Self { Self(.get, ["status"]) }
}
