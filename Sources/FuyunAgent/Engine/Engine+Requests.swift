import Cgroup
import CoreMetrics
import FuyunProtocol

extension Engine {
    /// Counts the connection in, and asks who is at its other end.
    func opened(_ connection: Connection) -> Bool {
        guard connections.count < configuration.server.connections, !isStopping else {
            metrics.server.connectionsRefused.increment()
            return false
        }
        if connection.role == .function {
            do {
                let identity = try parts.resolver.identify(connection.socket)
                connection.peer = .process(identity)
                peerMethods.insert(identity.method)
            } catch {
                connection.peer = .unknown(error)
            }
            let peer = quotaKey(of: connection)
            connection.quotaKey = peer
            guard connectionsByPeer[peer, default: 0] < configuration.server.connectionsPerPeer else {
                metrics.server.connectionsRefused.increment()
                return false
            }
            connectionsByPeer[peer, default: 0] += 1
        }
        connection.refusal = refusal(of: connection)
        connections[ObjectIdentifier(connection)] = connection
        metrics.server.connections.set(connections.count)
        return true
    }

    /// Whose share of connections it takes: its container's, wherever below that the peer lives.
    ///
    /// All others share one, so that whoever can make cgroups cannot make shares.
    private func quotaKey(of connection: Connection) -> String {
        guard case .process(let identity) = connection.peer else { return "" }
        return tree.container(at: identity.path)?.path ?? ""
    }

    /// Counts the connection out, and ends its calls as abandoned.
    func closed(_ connection: Connection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        metrics.server.connections.set(connections.count)
        if connection.role == .function {
            let peer = connection.quotaKey
            let left = connectionsByPeer[peer, default: 1] - 1
            connectionsByPeer[peer] = left > 0 ? left : nil
        }
        // The agent's own end closes connections too; those calls are accounted for by the next run.
        for sequence in connection.invocations.sorted() {
            if let call = calls[sequence], !isStopping { abandon(call) }
        }
    }

    /// Why a container's process is not listened to on the platform's and the operator's sockets; nil when it is.
    ///
    /// Root in a container is root to a file's mode unless user namespaces are in use, and a socket directory that is mounted whole
    /// holds all three sockets: the mode alone would let one container speak for another.
    private func refusal(of connection: Connection) -> ErrorAnswer? {
        let mayBeContained = connection.role == .platform && configuration.server.containersAsPlatform
        guard connection.role != .function, !mayBeContained,
            case .some(let identity) = try? parts.resolver.identify(connection.socket),
            tree.container(at: identity.path) != nil
        else { return nil }
        metrics.containers.strangers.increment()
        return ErrorAnswer(
            .wrongSocket,
            "the caller is in the container /\(identity.path), which speaks on function.sock only; "
                + "an invoker that runs in a container needs server.containers_as_platform"
        )
    }

    /// Answers a request, now or (nil) later.
    func handle(_ request: Request, on connection: Connection) -> Response? {
        do throws(ErrorAnswer) {
            if let refusal = connection.refusal { throw refusal }
            switch request.route {
            case .invocations: return try begin(request, on: connection)
            case .end(let id):
                guard connection.role != .admin else {
                    throw ErrorAnswer(.wrongSocket, "calls begin and end on function.sock or platform.sock")
                }
                return try end(id, request, on: connection)
            default:
                guard connection.role == .admin else {
                    throw ErrorAnswer(.wrongSocket, "this is answered on admin.sock only")
                }
                return try administer(request.route)
            }
        } catch {
            if error.code.status >= 500 {
                metrics.server.requestsFailed.increment()
            } else {
                metrics.server.requestsRefused.increment()
            }
            return Response(error)
        }
    }
}
