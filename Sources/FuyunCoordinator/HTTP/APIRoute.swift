import FuyunPolicy
import FuyunProtocol

/// What metrics call a path: a closed set, whatever functions and nodes there are.
enum APIEndpoint: String, CaseIterable, Sendable {
    case health, ready, metrics
    case openAPI = "openapi"
    case nodePolicies = "node_policies"
    case nodeObservations = "node_observations"
    case functions, function
    case functionSwitches = "function_switches"
    case switches, policies, policy
    case policyDiff = "policy_diff"
    case activate, retire
    case rollBack = "rollback"
    case tune, drafts, draft, shapes, observations, nodes, events, status
    case nodeShapes = "node_shapes"
    case unknown
}

/// The paths of the coordinator's API with their methods.
enum APIRoute: Sendable, Equatable {
    case health
    case ready
    case metrics
    case openAPI
    case nodePolicies(node: String)
    case nodeObservations(node: String)
    case nodeShapes(node: String)
    case listFunctions
    case getFunction(String)
    case putFunction(String)
    case deleteFunction(String)
    case changeFunctionSwitches(String)
    case getSwitches
    case changeSwitches
    case listPolicies(String)
    case addPolicy(String)
    case getPolicy(String, version: Int)
    case diffPolicy(String, version: Int)
    case activate(String, version: Int)
    case retire(String, version: Int)
    case rollBack(String)
    case tune(String)
    case listDrafts(String)
    case addDraft(String)
    case getDraft(String, id: Int64)
    case getShape(String)
    case listObservations(String)
    case nodes
    case events
    case status

    /// What a path and a method come to.
    enum Match: Sendable, Equatable {
        /// A route.
        case route(APIRoute)
        /// The path is there, with these methods.
        case otherMethods([String])
        /// No such path.
        case nothing
    }

    /// Finds the route.
    ///
    /// - Throws: `bad_request` for a name or a number in the path that cannot be one.
    static func match(method: String, segments: [String]) throws(ErrorAnswer) -> (APIEndpoint, Match) {
        guard let (endpoint, routes) = try routes(segments) else { return (.unknown, .nothing) }
        if let route = routes.first(where: { $0.method == method })?.route { return (endpoint, .route(route)) }
        return (endpoint, .otherMethods(routes.map(\.method)))
    }

    private typealias Routes = [(method: String, route: APIRoute)]

    private static func routes(_ path: [String]) throws(ErrorAnswer) -> (APIEndpoint, Routes)? {
        if path.count == 1 {
            switch path[0] {
            case "healthz": return (.health, [("GET", .health)])
            case "readyz": return (.ready, [("GET", .ready)])
            case "metrics": return (.metrics, [("GET", .metrics)])
            case "openapi.json": return (.openAPI, [("GET", .openAPI)])
            default: return nil
            }
        }
        guard path.count >= 2, path[0] == "v1" else { return nil }
        let rest = Array(path[2...])
        switch path[1] {
        case "nodes": return try nodeRoutes(rest)
        case "functions": return try functionRoutes(rest)
        case "switches" where rest.isEmpty: return (.switches, [("GET", .getSwitches), ("PATCH", .changeSwitches)])
        case "events" where rest.isEmpty: return (.events, [("GET", .events)])
        case "status" where rest.isEmpty: return (.status, [("GET", .status)])
        default: return nil
        }
    }

    private static func nodeRoutes(_ rest: [String]) throws(ErrorAnswer) -> (APIEndpoint, Routes)? {
        if rest.isEmpty { return (.nodes, [("GET", .nodes)]) }
        guard rest.count == 2 else { return nil }
        guard NodeName.isValid(rest[0]) else {
            throw ErrorAnswer(.badRequest, "the path names no node: expected 1 to 253 of letters, digits and . _ - :")
        }
        switch rest[1] {
        case "policies": return (.nodePolicies, [("GET", .nodePolicies(node: rest[0]))])
        case "observations": return (.nodeObservations, [("POST", .nodeObservations(node: rest[0]))])
        case "shapes": return (.nodeShapes, [("POST", .nodeShapes(node: rest[0]))])
        default: return nil
        }
    }

    private static func functionRoutes(_ rest: [String]) throws(ErrorAnswer) -> (APIEndpoint, Routes)? {
        guard let name = rest.first else { return (.functions, [("GET", .listFunctions)]) }
        guard PolicyDocument.isFunctionName(name), name != ".", name != ".." else {
            throw ErrorAnswer(
                .badRequest,
                "the path names no function: expected 1 to 256 of letters, digits and . _ @ : / -, with / written as %2F"
            )
        }
        switch (rest.count, rest.count > 1 ? rest[1] : "") {
        case (1, _):
            return (
                .function,
                [("GET", .getFunction(name)), ("PUT", .putFunction(name)), ("DELETE", .deleteFunction(name))]
            )
        case (2, "switches"): return (.functionSwitches, [("PATCH", .changeFunctionSwitches(name))])
        case (2, "rollback"): return (.rollBack, [("POST", .rollBack(name))])
        case (2, "tune"): return (.tune, [("POST", .tune(name))])
        case (2, "drafts"): return (.drafts, [("GET", .listDrafts(name)), ("POST", .addDraft(name))])
        case (3, "drafts"): return (.draft, [("GET", .getDraft(name, id: try draft(rest[2])))])
        case (2, "shapes"): return (.shapes, [("GET", .getShape(name))])
        case (2, "observations"): return (.observations, [("GET", .listObservations(name))])
        case (2, "policies"): return (.policies, [("GET", .listPolicies(name)), ("POST", .addPolicy(name))])
        case (3, "policies"):
            return (.policy, [("GET", .getPolicy(name, version: try version(rest[2])))])
        case (4, "policies"):
            switch rest[3] {
            case "diff": return (.policyDiff, [("GET", .diffPolicy(name, version: try version(rest[2])))])
            case "activate": return (.activate, [("POST", .activate(name, version: try version(rest[2])))])
            case "retire": return (.retire, [("POST", .retire(name, version: try version(rest[2])))])
            default: return nil
            }
        default: return nil
        }
    }

    private static func version(_ text: String) throws(ErrorAnswer) -> Int {
        guard let version = Int(text), (1...Int(Int32.max)).contains(version) else {
            throw ErrorAnswer(.badRequest, "the path names no version: expected a whole number from 1 to \(Int32.max)")
        }
        return version
    }

    private static func draft(_ text: String) throws(ErrorAnswer) -> Int64 {
        guard let id = Int64(text), id >= 1 else {
            throw ErrorAnswer(.badRequest, "the path names no draft: expected a whole number from 1")
        }
        return id
    }

    /// What the route asks of its caller.
    var demand: Gate.Demand {
        switch self {
        case .health, .ready, .openAPI: .nothing
        case .metrics: .local
        case .nodePolicies(let node), .nodeObservations(let node), .nodeShapes(let node): .node(node)
        default: .operator
        }
    }
}
