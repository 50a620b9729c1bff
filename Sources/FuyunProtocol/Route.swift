public import FuyunPolicy

/// The paths of the API.
public enum Route: Hashable, Sendable {
    /// `/v1/invocations`: begin.
    case invocations
    /// `/v1/invocations/{id}/end`.
    case end(InvocationID)
    /// `/v1/invocations/{id}/explain`.
    case explain(InvocationID)
    /// `/v1/functions`.
    case functions
    /// `/v1/containers`.
    case containers
    /// `/v1/status`.
    case status
    /// `/metrics`.
    case metrics
    /// `/healthz`.
    case healthz
    /// `/readyz`.
    case readyz

    /// Reads the target of a request; what follows `?` is not looked at.
    ///
    /// Throws `not_found`, or `unknown_invocation` for a path with something that is no invocation's id.
    public init(target: String) throws(ErrorAnswer) {
        let text = target.utf8.span
        var end = 0
        while end < text.count, text[end] != UInt8(ascii: "?") { end += 1 }
        let path = text.extracting(0..<end)
        if path.equals("/v1/invocations") {
            self = .invocations
            return
        }
        let prefix: StaticString = "/v1/invocations/"
        if path.count > prefix.utf8CodeUnitCount, path.extracting(first: prefix.utf8CodeUnitCount).equals(prefix) {
            let rest = path.extracting(droppingFirst: prefix.utf8CodeUnitCount)
            var slash = 0
            while slash < rest.count, rest[slash] != UInt8(ascii: "/") { slash += 1 }
            let action = rest.extracting(droppingFirst: slash)
            let isEnd = action.equals("/end")
            guard isEnd || action.equals("/explain") else { throw Self.unknown }
            guard let id = InvocationID(utf8: rest.extracting(first: slash)) else {
                throw ErrorAnswer(
                    .unknownInvocation,
                    "the path does not name an invocation; use the id that its begin answered"
                )
            }
            self = isEnd ? .end(id) : .explain(id)
            return
        }
        for route in Self.others where path.equals(route.path.utf8.span) {
            self = route
            return
        }
        throw Self.unknown
    }

    /// The path.
    public var path: String {
        switch self {
        case .invocations: "/v1/invocations"
        case .end(let id): "/v1/invocations/\(id)/end"
        case .explain(let id): "/v1/invocations/\(id)/explain"
        case .functions: "/v1/functions"
        case .containers: "/v1/containers"
        case .status: "/v1/status"
        case .metrics: "/metrics"
        case .healthz: "/healthz"
        case .readyz: "/readyz"
        }
    }

    /// Whether the path takes POST; all others take GET.
    public var takesPost: Bool {
        switch self {
        case .invocations, .end: true
        default: false
        }
    }

    private static let others: [Route] = [.functions, .containers, .status, .metrics, .healthz, .readyz]
    private static var unknown: ErrorAnswer {
        ErrorAnswer(.notFound, "there is no such path; see docs/protocol.md for those that there are")
    }
}

extension Span<UInt8> {
    fileprivate func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    fileprivate func equals(_ other: StaticString) -> Bool {
        other.withUTF8Buffer { equals($0.span) }
    }
}
