import FuyunPolicy
import FuyunProtocol
import FuyunStore
import FuyunTuning
import Hummingbird
import HTTPTypes

extension Operations {
    /// `GET /v1/functions/{function}/policies`.
    func listPolicies(_ name: String, _ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let limit = try target.limit()
        let before = try target.whole("before", in: 1...Int64(Int32.max)).map { Int($0) }
        _ = try await known(name)
        let found = try await stored { () throws(StoreError) in
            try await store.policies(of: name, before: before, limit: limit)
        }
        let figures = try await figures(of: name)
        let page = CoordinatorAPI.Page(
            found.map { CoordinatorAPI.PolicyItem($0, figures: figures[$0.version]) },
            next: found.count == limit ? found.last.map { String($0.version) } : nil
        )
        return .json(page)
    }

    /// `GET /v1/functions/{function}/policies/{version}`.
    func getPolicy(_ name: String, _ version: Int) async throws(ErrorAnswer) -> Response {
        let policy = try await known(name, version)
        return .json(CoordinatorAPI.Policy(name, policy, figures: try await figures(of: name)[version]))
    }

    /// `POST /v1/functions/{function}/policies`.
    func addPolicy(_ name: String, _ request: Request) async throws(ErrorAnswer) -> Response {
        let document = try await bodies.read(request, atMost: Self.largestDocument) { body throws(ErrorAnswer) in
            let compilation = PolicyCompiler.compile(Array(body.readableBytesView))
            guard compilation.errors.isEmpty, let document = compilation.document else {
                throw ErrorAnswer(
                    .badPolicy,
                    "the policy document does not pass the check; `fuyun policy check` says the same",
                    findings: compilation.errors.map(ErrorAnswer.Finding.init)
                )
            }
            return document
        }
        guard document.metadata.policyID == name else {
            throw Self.badMetadata(
                "policy_id",
                "found \"\(document.metadata.policyID)\", expected \"\(name)\" as in the path"
            )
        }
        let status = document.metadata.status
        guard status == .draft || status == .shadow else {
            throw Self.badMetadata(
                "status",
                "found \"\(status.rawValue)\", expected \"draft\" or \"shadow\"; activate it once it is here"
            )
        }
        _ = try await known(name)
        let policy = try await stored { () throws(StoreError) in
            try await store.addPolicy(
                NewPolicy(document: document, status: status, author: Self.author, reason: "posted"),
                at: clock.now
            )
        }
        announce(name)
        return .json(.created, CoordinatorAPI.Policy(name, policy, figures: nil))
    }

    /// `GET /v1/functions/{function}/policies/{version}/diff?to=W`.
    func diffPolicy(_ name: String, _ version: Int, _ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        guard let other = try target.whole("to", in: 1...Int64(Int32.max)).map({ Int($0) }) else {
            throw ErrorAnswer(.badRequest, "query parameter to: expected the version to compare with")
        }
        let from = try await known(name, version).document
        let to = try await known(name, other).document
        return .json(CoordinatorAPI.PolicyDiff(from: version, to: other, changes: DocumentDiff.changes(from, to)))
    }

    /// `POST /v1/functions/{function}/policies/{version}/activate`.
    func activate(_ name: String, _ version: Int, _ request: Request) async throws(ErrorAnswer) -> Response {
        let wish: CoordinatorAPI.LadderRequest = try await body(
            request,
            as: "a request to activate",
            orEmpty: CoordinatorAPI.LadderRequest()
        )
        _ = try await known(name, version)
        let function = try await known(name)
        let revision = try await move(name, [change(version, to: .active, wish)])
        // A pin on another version would be a contradiction: the operator's latest word holds.
        if wish.pin || function.switches.pinnedVersion != nil {
            var switches = function.switches
            switches.pinnedVersion = wish.pin ? version : nil
            try await stored { [switches] () throws(StoreError) in
                try await store.setSwitches(switches, of: name, at: clock.now)
            }
            announce(name)
        }
        return try await ladderAnswer(name, version, revision)
    }

    /// `POST /v1/functions/{function}/policies/{version}/retire`.
    func retire(_ name: String, _ version: Int, _ request: Request) async throws(ErrorAnswer) -> Response {
        let wish: CoordinatorAPI.LadderRequest = try await body(
            request,
            as: "a request to retire",
            orEmpty: CoordinatorAPI.LadderRequest()
        )
        _ = try await known(name, version)
        if try await known(name).switches.pinnedVersion == version {
            throw ErrorAnswer(.conflict, "version \(version) is pinned; set pinned_version to null first")
        }
        let revision = try await move(name, [change(version, to: .retired, wish)])
        return try await ladderAnswer(name, version, revision)
    }

    /// `POST /v1/functions/{function}/rollback`.
    func rollBack(_ name: String, _ request: Request) async throws(ErrorAnswer) -> Response {
        let wish: CoordinatorAPI.LadderRequest = try await body(
            request,
            as: "a request to roll back",
            orEmpty: CoordinatorAPI.LadderRequest()
        )
        guard let active = try await known(name).activeVersion else {
            throw ErrorAnswer(.conflict, "function \(name) has no active version to go back from")
        }
        if try await known(name).switches.pinnedVersion == active {
            throw ErrorAnswer(.conflict, "version \(active) is pinned; set pinned_version to null first")
        }
        let versions = try await stored { () throws(StoreError) in
            try await store.policies(of: name, before: nil, limit: CoordinatorAPI.maximumPage)
        }
        guard let predecessor = RolloutState(versions: versions.map(RolloutVersion.init)).predecessors().first else {
            throw ErrorAnswer(
                .conflict,
                "function \(name) has no earlier version to go back to; retire the active one instead"
            )
        }
        let revision = try await move(
            name,
            [change(active, to: .retired, wish), change(predecessor, to: .active, wish)]
        )
        return try await ladderAnswer(name, predecessor, revision)
    }

    private static let author = "operator"

    private func change(
        _ version: Int,
        to status: PolicyStatus,
        _ wish: CoordinatorAPI.LadderRequest
    ) -> StatusChange {
        StatusChange(version: version, to: status, author: Self.author, reason: wish.reason ?? "")
    }

    private func move(_ name: String, _ changes: [StatusChange]) async throws(ErrorAnswer) -> Int64 {
        let revision = try await stored { () throws(StoreError) in
            try await store.setStatus(changes, of: name, at: clock.now)
        }
        announce(name)
        return revision
    }

    private func ladderAnswer(
        _ name: String,
        _ version: Int,
        _ revision: Int64
    ) async throws(ErrorAnswer) -> Response {
        let function = try await known(name)
        let policy = try await known(name, version)
        return .json(
            CoordinatorAPI.LadderAnswer(
                function: name,
                version: version,
                status: policy.status,
                activeVersion: function.activeVersion,
                candidateVersion: function.candidateVersion,
                revision: revision
            )
        )
    }

    private func known(_ name: String, _ version: Int) async throws(ErrorAnswer) -> StoredPolicy {
        let found = try await stored { () throws(StoreError) in try await store.policy(of: name, version: version) }
        guard let found else { throw ErrorAnswer(.notFound, "function \(name) has no version \(version)") }
        return found
    }

    private func figures(of name: String) async throws(ErrorAnswer) -> [Int: VersionFigures] {
        let figures = try await stored { () throws(StoreError) in try await store.versionFigures(of: name) }
        return Dictionary(
            figures.compactMap { entry in entry.version.map { ($0, entry) } },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func badMetadata(_ key: String, _ message: String) -> ErrorAnswer {
        let finding = ErrorAnswer.Finding(path: "$.metadata.\(key)", code: "bad_value", message: message)
        return ErrorAnswer(.badPolicy, "the policy document cannot be added here", findings: [finding])
    }
}

extension CoordinatorAPI.PolicyItem {
    fileprivate init(_ policy: StoredPolicy, figures: VersionFigures?) {
        self.init(
            version: policy.version,
            status: policy.status,
            supersedes: policy.document.metadata.supersedes,
            author: policy.author,
            reason: policy.reason,
            createdAt: policy.createdAt.milliseconds,
            statusSince: policy.statusSince.milliseconds,
            figures: figures.map {
                CoordinatorAPI.Figures(calls: $0.calls, misses: $0.misses, waste: $0.waste)
            }
        )
    }
}

extension CoordinatorAPI.Policy {
    fileprivate init(_ function: String, _ policy: StoredPolicy, figures: VersionFigures?) {
        self.init(
            function: function,
            item: CoordinatorAPI.PolicyItem(policy, figures: figures),
            document: policy.document.encoded(),
            notes: policy.notes.map { Array($0.utf8) }
        )
    }
}
