import FuyunProtocol
import Synchronization

/// Decides who may do what; the tokens can be exchanged while it is in use.
final class Gate: Sendable {
    /// What a route asks of its caller.
    enum Demand: Sendable, Equatable {
        /// Nothing.
        case nothing
        /// To be the node, or an operator.
        case node(String)
        /// To be an operator.
        case `operator`
        /// To be an operator, or on this machine.
        case local
    }

    /// What is known of a caller.
    struct Credentials: Sendable {
        /// The header `Authorization`.
        var authorization: String?
        /// Whether the other end of the connection is on this machine.
        var isLocal: Bool
    }

    private let tokens: Mutex<TokenBook>

    /// A gate for those in the book; an empty book lets everybody do everything, and is for loopback only.
    init(_ tokens: TokenBook) { self.tokens = Mutex(tokens) }

    /// Takes another book into use.
    func exchange(_ tokens: TokenBook) { self.tokens.withLock { $0 = tokens } }

    /// Lets a caller in.
    ///
    /// - Throws: `unauthorized` without a token that is known, `forbidden` when it is not good for this.
    func admit(_ credentials: Credentials, to demand: Demand) throws(ErrorAnswer) {
        let tokens = tokens.withLock { $0 }
        if demand == .nothing || tokens.isEmpty || (demand == .local && credentials.isLocal) { return }
        guard let token = Self.token(in: credentials.authorization) else {
            throw ErrorAnswer(
                .unauthorized,
                "expected the header Authorization: Bearer TOKEN with a token of the coordinator"
            )
        }
        let callers = tokens.callers(presenting: token)
        if callers.isEmpty {
            throw ErrorAnswer(.unauthorized, "the token is not known; ask the coordinator's operator for one")
        }
        if callers.contains(.operator) { return }
        guard case .node(let name) = demand else {
            throw ErrorAnswer(.forbidden, "this takes an operator's token; the token is a node's")
        }
        guard callers.contains(.node(name)) || callers.contains(.node(nil)) else {
            throw ErrorAnswer(.forbidden, "the token is another node's, not that of \(name)")
        }
    }

    private static func token(in header: String?) -> String? {
        guard let words = header?.split(separator: " "), words.count == 2, words[0].lowercased() == "bearer" else {
            return nil
        }
        return String(words[1])
    }
}
