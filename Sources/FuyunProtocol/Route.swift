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
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        let prefix = "/v1/invocations/".utf8
        if path.starts(with: prefix) {
            let rest = path.dropFirst(prefix.count)
            let name = rest.prefix { $0 != UInt8(ascii: "/") }
            let action = rest.dropFirst(name.count)
            let isEnd = action.elementsEqual("/end".utf8)
            guard isEnd || action.elementsEqual("/explain".utf8) else { throw Self.unknown }
            guard let id = InvocationID(utf8: name) else {
                throw ErrorAnswer(
                    .unknownInvocation,
                    "the path does not name an invocation; use the id that its begin answered"
                )
            }
            self = isEnd ? .end(id) : .explain(id)
            return
        }
        for route in Self.fixed where path.elementsEqual(route.path.utf8) {
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

    private static let fixed: [Route] = [
        .invocations, .functions, .containers, .status, .metrics, .healthz, .readyz,
    ]
    private static var unknown: ErrorAnswer {
        ErrorAnswer(.notFound, "there is no such path; see docs/protocol.md for those that there are")
    }
}
