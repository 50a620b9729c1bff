import FuyunProtocol
import NIOCore
import NIOHTTP1

/// What a request is to Fuyun.
enum CallKind: Hashable {
    /// Passed on as it is.
    case other
    /// OpenWhisk's `/init`: passed on, and read for the function's name.
    case initialization
    /// A call of the function.
    case invocation
}

/// What is known of a call besides its payload.
struct CallDetails: Hashable {
    var kind: CallKind
    /// Nil: nobody knows the function's name, so the agent cannot be asked.
    var function: String?
    var activation: String?
    /// OpenWhisk's moment at which the platform ends the call.
    var deadline: Deadline?
    /// Whether OpenWhisk's rules say what the answer means.
    var isOpenWhisk = false
}

/// Finds out which requests are invocations, of which function, and under which id.
///
/// The name given by hand wins; then what OpenWhisk says in the call's body or said at `/init`; then the environment.
struct CallNaming {
    /// Never `auto` with evidence in the environment.
    let platform: Platform
    private let methods: Set<String>
    private let given: String?
    private let fromEnvironment: String?
    private(set) var fromInitialization: String?

    init(_ configuration: ShimConfiguration) {
        let environment = configuration.environment
        methods = configuration.methods
        given = configuration.function
        fromEnvironment = Self.environmentName(environment)
        if configuration.platform != .auto {
            platform = configuration.platform
        } else if environment["__OW_API_HOST"] != nil || environment["__OW_ACTION_NAME"] != nil {
            platform = .openwhisk
        } else {
            platform = environment["K_SERVICE"] != nil ? .knative : .auto
        }
    }

    /// The name that calls have when neither their bodies nor `/init` name them.
    var staticName: String? { given ?? fromEnvironment }

    /// Whether the body must be looked at before the request is passed on.
    func mayBeCall(_ head: HTTPRequestHead) -> Bool {
        methods.contains(head.method.rawValue) && !Self.isProbe(head) || isInitialization(head)
    }

    /// What a request is, given the part of its body that is kept.
    mutating func details(_ head: HTTPRequestHead, payload: ByteBuffer) -> CallDetails {
        if isInitialization(head), let initialization = OpenWhiskInitialization(payload, strict: platform == .auto) {
            fromInitialization = initialization.function ?? fromInitialization
            return CallDetails(kind: .initialization)
        }
        guard methods.contains(head.method.rawValue), !Self.isProbe(head) else { return CallDetails(kind: .other) }
        var details = CallDetails(kind: .invocation, function: given ?? fromInitialization ?? fromEnvironment)
        details.activation = Self.activation(head.headers)
        if speaksOpenWhisk, head.method == .POST, head.path == "/run",
            let run = OpenWhiskRun(payload, strict: platform == .auto)
        {
            details.isOpenWhisk = true
            details.function = given ?? run.function ?? details.function
            details.activation = run.activation ?? details.activation
            details.deadline = run.deadline
        }
        return details
    }

    private var speaksOpenWhisk: Bool { platform == .openwhisk || platform == .auto }

    private func isInitialization(_ head: HTTPRequestHead) -> Bool {
        speaksOpenWhisk && head.method == .POST && head.path == "/init"
    }

    /// Health checks of kubelet, Knative and OpenFaaS, whatever their method.
    static func isProbe(_ head: HTTPRequestHead) -> Bool {
        if head.headers.contains(name: "K-Network-Probe") || head.headers.contains(name: "K-Kubelet-Probe") {
            return true
        }
        if let agent = head.headers.first(name: "User-Agent"), agent.hasPrefix("kube-probe/") { return true }
        return probePaths.contains(head.path)
    }

    private static let probePaths: Set<String> = [
        "/_/health", "/_/ready", "/healthz", "/readyz", "/livez", "/health/liveness", "/health/readiness",
    ]

    /// The platform's id of a call: the first of the headers that the platforms use.
    static func activation(_ headers: HTTPHeaders) -> String? {
        for name in ["X-Request-Id", "Fn-Call-Id", "X-Call-Id", "Ce-Id"] {
            if let value = headers.first(name: name), BeginRequest.isActivation(value) { return value }
        }
        // https://www.w3.org/TR/trace-context/#traceparent-header: version-trace-parent-flags.
        guard let parts = headers.first(name: "Traceparent")?.split(separator: "-"), parts.count >= 4,
            parts[1].utf8.count == 32
        else { return nil }
        return BeginRequest.isActivation(String(parts[1])) ? String(parts[1]) : nil
    }

    private static func environmentName(_ environment: [String: String]) -> String? {
        if let name = environment["FUYUN_FUNCTION"] { return Self.name(name) }
        let namespace = environment["FUYUN_NAMESPACE"] ?? environment["POD_NAMESPACE"]
        if let name = environment["K_SERVICE"] { return Self.name(name, in: namespace) }
        if let name = environment["FN_NAME"] ?? environment["FN_FN_ID"] {
            return Self.name(name, in: environment["FN_APP_NAME"] ?? environment["FN_APP_ID"])
        }
        if let name = environment["OPENFAAS_NAME"] {
            return Self.name(name, in: environment["OPENFAAS_NAMESPACE"] ?? namespace)
        }
        if let name = environment["__OW_ACTION_NAME"] { return Self.name(name, in: environment["__OW_NAMESPACE"]) }
        return nil
    }

    /// A platform's name as one that goes on the wire: without a leading slash, with the namespace where the name has
    /// none of its own, and `_` for what is not allowed there (a space, say).
    ///
    /// Nil when nothing is left or too much.
    static func name(_ text: String, in namespace: String? = nil) -> String? {
        var name = text
        if let namespace, !namespace.isEmpty, !text.hasPrefix("/") { name = namespace + "/" + text }
        if name.hasPrefix("/") { name.removeFirst() }
        guard !text.isEmpty else { return nil }
        if BeginRequest.isFunctionName(name) { return name }
        let mapped = String(name.map { BeginRequest.isFunctionName(String($0)) ? $0 : "_" })
        return BeginRequest.isFunctionName(mapped) ? mapped : nil
    }
}

extension HTTPRequestHead {
    /// The target without its query.
    var path: Substring { uri.prefix { $0 != "?" } }
}

extension Set<String> {
    fileprivate func contains(_ text: Substring) -> Bool { contains(String(text)) }
}
