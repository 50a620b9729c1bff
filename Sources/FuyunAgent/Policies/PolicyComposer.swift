import Synchronization

/// Puts the policies of the directory and of the coordinator together, whichever of them changed.
final class PolicyComposer: Sendable {
    private struct State {
        var local: PolicySnapshot?
        var coordinator = CoordinatorPolicies()
        var revision = 0
    }

    private let state = Mutex(State())

    /// The directory was read.
    func compose(local: PolicySnapshot) -> PolicySnapshot {
        compose { $0.local = local }
    }

    /// The coordinator said something.
    ///
    /// Until the directory was read for the first time the snapshot is not one to be ready with.
    func compose(coordinator: CoordinatorPolicies) -> PolicySnapshot {
        compose { $0.coordinator = coordinator }
    }

    private func compose(_ change: (inout State) -> Void) -> PolicySnapshot {
        state.withLock { state in
            change(&state)
            guard let local = state.local else { return PolicySnapshot() }
            state.revision += 1
            return PolicySnapshot(local, state.coordinator, revision: state.revision)
        }
    }
}
