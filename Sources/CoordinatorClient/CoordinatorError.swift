public import FuyunProtocol

/// Why a request to the coordinator came to nothing, and what to do about it.
public struct CoordinatorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// There is nobody, or the connection broke.
        case unreachable
        /// No answer in time.
        case timeout
        /// No trust: the certificate, the name in it, or the handshake.
        case tls
        /// The token is not known there (401).
        case unauthorized
        /// The token is good, but not for this (403).
        case forbidden
        /// The coordinator refuses with another status; `refusal` says more.
        case refused
        /// The answer is not one of a coordinator, or of another version.
        case badAnswer = "bad_answer"
        /// The answer is larger than is read.
        case tooLarge = "too_large"
        /// The address, the token file or the file of certificates is not what it must be; nothing was sent.
        case configuration
        /// The task was cancelled.
        case cancelled
    }

    /// What a coordinator says when it refuses.
    public struct Refusal: Hashable, Sendable {
        /// The HTTP status.
        public var status: Int
        /// Why, for programs; empty when the answer is not one of a coordinator.
        public var code: String
        /// Why, for people.
        public var message: String
        /// All mistakes of a document that was sent.
        public var findings: [ErrorAnswer.Finding]

        /// Makes a refusal.
        public init(status: Int, code: String, message: String, findings: [ErrorAnswer.Finding] = []) {
            self.status = status
            self.code = code
            self.message = message
            self.findings = findings
        }
    }

    /// What kind of failure it is.
    public var code: Code
    /// What happened, with the URL or the file.
    public var message: String
    /// What to do about it; empty where the message says it all.
    public var advice: String
    /// What the coordinator said, for `unauthorized`, `forbidden` and `refused`.
    public var refusal: Refusal?

    /// Makes an error.
    public init(_ code: Code, _ message: String, advice: String = "", refusal: Refusal? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
        self.refusal = refusal
    }

    /// Whether the same request may succeed in a while without anybody changing anything on this side.
    ///
    /// What is not (a token, a certificate, a version) may be mended by somebody some day: an agent that must go on tries
    /// it again too, but seldom.
    public var isWorthRetrying: Bool {
        switch code {
        case .unreachable, .timeout: true
        case .refused: refusal.map { $0.status >= 500 || $0.status == 408 || $0.status == 429 } ?? false
        case .tls, .unauthorized, .forbidden, .badAnswer, .tooLarge, .configuration, .cancelled: false
        }
    }

    /// Whether the fault is in what was sent, so that sending the same again never helps.
    public var isOfContent: Bool {
        code == .refused && refusal.map { [400, 413, 422].contains($0.status) } ?? false
    }

    /// What happened and what to do, in one line.
    public var description: String { advice.isEmpty ? message : "\(message); \(advice)" }
}
