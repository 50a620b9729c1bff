import FuyunProtocol
import Hummingbird
import HTTPTypes
import Logging
import NIOCore

/// What is known of a request besides itself.
struct APIContext: InitializableFromSource, Sendable {
    /// Whether the other end is on this machine.
    var isLocal: Bool

    init(source: ApplicationRequestContextSource) {
        isLocal = source.channel.remoteAddress.map(Self.isLoopback) ?? false
    }

    private static func isLoopback(_ address: SocketAddress) -> Bool {
        guard let ip = address.ipAddress else { return address.pathname != nil }
        return ip == "::1" || ip.hasPrefix("127.") || ip.hasPrefix("::ffff:127.")
    }
}

/// Answers every request: finds its route, lets its caller in, and turns what goes wrong into a refusal.
struct APIResponder: HTTPResponder {
    typealias Context = APIContext

    let operations: Operations
    let gate: Gate
    let metrics: ServerMetrics
    let logger: Logger

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let start = ContinuousClock.now
        var endpoint = APIEndpoint.unknown
        var response: Response
        do throws(ErrorAnswer) {
            response = try await answer(request, context, &endpoint)
        } catch {
            response = Response(error)
            if error.code.status >= 500 {
                logger.warning(
                    "a request cannot be served",
                    metadata: ["endpoint": "\(endpoint.rawValue)", "error": "\(error)"]
                )
            } else {
                logger.debug(
                    "a request is refused",
                    metadata: ["endpoint": "\(endpoint.rawValue)", "error": "\(error)"]
                )
            }
        }
        metrics.answered(endpoint, status: response.status.code, after: ContinuousClock.now - start)
        // An answer to HEAD has no body, whatever its status.
        if request.method == .head { response = response.createHeadResponse() }
        return response
    }

    private func answer(
        _ request: Request,
        _ context: APIContext,
        _ endpoint: inout APIEndpoint
    ) async throws(ErrorAnswer) -> Response {
        let target = try RequestTarget(request.uri.string)
        let match: APIRoute.Match
        (endpoint, match) = try APIRoute.match(method: request.method.rawValue, segments: target.segments)
        switch match {
        case .nothing: throw ErrorAnswer(.notFound, "no such path; GET /openapi.json lists them")
        case .otherMethods(let allowed): return .methodNotAllowed(allowed)
        case .route(let route):
            try refuseForeignPages(request)
            try gate.admit(
                Gate.Credentials(authorization: request.headers[.authorization], isLocal: context.isLocal),
                to: route.demand
            )
            return try await operations.perform(route, target, request)
        }
    }

    /// A page of some other site, open in a browser on this machine, must not reach a coordinator that listens on loopback
    /// without tokens.
    private func refuseForeignPages(_ request: Request) throws(ErrorAnswer) {
        guard let origin = request.headers[.origin] else { return }
        let host = origin.split(separator: "/").last.map(String.init)
        guard host == request.head.authority else {
            throw ErrorAnswer(.forbidden, "pages of other sites are not served")
        }
    }
}
