/// How an invocation ended, as its platform or shim reports it.
public enum InvocationOutcome: String, Hashable, Sendable, CaseIterable {
    /// The function answered.
    case success
    /// The function answered with an error.
    case error
    /// The platform gave up waiting.
    case timeout
    /// The function's process went away before it answered.
    case crashed
    /// Nobody reported an end: the connection closed, the container went away, or the agent stopped.
    case abandoned
}

/// The life of one invocation: received → running → ended or abandoned.
///
///     received ──limit in place──► running ──end reported──► ended
///        └────────────peer gone───────┴──────────────────► abandoned
///
/// A step that does not fit is an answer, never a trap: peers repeat themselves, and connections close at any moment.
public struct InvocationMachine: Hashable, Sendable {
    /// Where an invocation is in its life.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// The call is known, its limit is not in place yet.
        case received
        /// The limit is in place, and the caller has been told.
        case running
        /// The caller reported the end.
        case ended
        /// The caller went away without a report.
        case abandoned

        /// Whether nothing can follow.
        public var isFinal: Bool { self == .ended || self == .abandoned }
    }

    /// What can happen to an invocation.
    public enum Event: String, Hashable, Sendable, CaseIterable {
        /// The limit is in place and the begin is answered.
        case run
        /// The caller reports the end.
        case end
        /// The caller or the container went away.
        case abandon
    }

    /// What an event led to.
    public enum Transition: Hashable, Sendable {
        /// The invocation is now in this state.
        case moved(State)
        /// The event does not fit the state; nothing changed.
        case refused(Event, in: State)
    }

    /// Where the invocation is.
    public private(set) var state: State

    /// A call that has just become known.
    public init() { state = .received }

    /// Takes in an event.
    @discardableResult
    public mutating func handle(_ event: Event) -> Transition {
        switch (state, event) {
        case (.received, .run): state = .running
        case (.running, .end): state = .ended
        case (.received, .abandon), (.running, .abandon): state = .abandoned
        default: return .refused(event, in: state)
        }
        return .moved(state)
    }
}
