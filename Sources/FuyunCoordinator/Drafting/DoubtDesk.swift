import Synchronization

/// Where the tuner leaves its doubts for the drafter: the latest of each function, bounded.
final class DoubtDesk: Sendable {
    /// Functions in doubt that are remembered.
    static let maximumDoubts = 256
    /// Functions of which it is remembered that it is too early.
    static let maximumRests = 10_000

    private struct State {
        var doubts: [String: FitDoubt] = [:]
        var rests: [String: ContinuousClock.Instant] = [:]
    }

    /// Whether anybody reads what is left here.
    let isOpen: Bool
    /// Announces doubts.
    let announcer = Announcer()
    private let state = Mutex(State())

    init(isOpen: Bool) { self.isOpen = isOpen }

    /// Whether a doubt about a function is of any use now.
    func wants(_ function: String) -> Bool {
        isOpen && state.withLock { ($0.rests[function] ?? .now) <= .now }
    }

    /// Leaves a doubt.
    func leave(_ doubt: FitDoubt, about function: String) {
        guard wants(function) else { return }
        state.withLock { state in
            guard state.doubts.count < Self.maximumDoubts || state.doubts[function] != nil else { return }
            state.doubts[function] = doubt
        }
        announcer.announce()
    }

    /// Takes everything away.
    func take() -> [String: FitDoubt] {
        state.withLock { state in
            let doubts = state.doubts
            state.doubts = [:]
            return doubts
        }
    }

    /// Nothing about this function is of use before a moment.
    func rest(_ function: String, until moment: ContinuousClock.Instant) {
        state.withLock { state in
            if state.rests.count >= Self.maximumRests { state.rests = state.rests.filter { $0.value > .now } }
            if state.rests.count < Self.maximumRests { state.rests[function] = moment }
        }
    }
}
