import FuyunClient
import FuyunProtocol
import NIOCore
import NIOHTTP1

/// One request on its way through the shim.
struct Call {
    /// How far the agent has been asked.
    enum AgentStep {
        /// Not known yet whether it must be.
        case unknown
        /// Asked, no answer yet.
        case asking
        /// Answered, or not to be asked.
        case done(AgentPool.Begun?)
    }

    let number: UInt64
    let head: HTTPRequestHead
    let clientKeepsAlive: Bool
    /// The part for the agent; nil for a request that is passed on without a look.
    var payload: KeptPayload?
    /// What was read before it could be passed on.
    var waiting: [ByteBuffer] = []
    var requestEnded = false
    var trailers: HTTPHeaders?
    var details = CallDetails(kind: .other)
    var agent = AgentStep.unknown

    /// Whether the request's head has been passed on.
    var isRelayed = false
    var relayedAt = NIODeadline.now()

    /// The answer's status, once its head has been passed on.
    var status: Int?
    var answerPrefix = ByteBuffer()
    var upstreamKeepsAlive = true
    var closesAfterAnswer = false

    init(number: UInt64, head: HTTPRequestHead, payload: KeptPayload?) {
        self.number = number
        self.head = head
        self.payload = payload
        // An upgrade is not passed on, and nothing can be read after the request that asked for it.
        clientKeepsAlive = head.isKeepAlive && !head.headers.contains(name: "Upgrade")
        closesAfterAnswer = !clientKeepsAlive
    }

    /// Whether enough of the request has been read to ask the agent.
    var isCollected: Bool { payload?.isFull ?? true || requestEnded }

    /// The size of the body in bytes, where the header tells it.
    static func expectedSize(_ head: HTTPRequestHead) -> Int? {
        if let text = head.headers.first(name: "Content-Length") { return Int(text) }
        return head.headers.contains(name: "Transfer-Encoding") ? nil : 0
    }
}

extension HTTPRequestHead {
    /// Whether chunks and interim answers are understood.
    var speaksHTTP11: Bool { version.major > 1 || version.minor >= 1 }
}

extension Call {
    /// What the agent is told at the end.
    func endRequest(_ outcome: EndRequest.Outcome?) -> EndRequest {
        let nanoseconds = (NIODeadline.now() - relayedAt).nanoseconds
        return EndRequest(outcome: outcome, httpStatus: status, duration: .nanoseconds(nanoseconds))
    }
}
