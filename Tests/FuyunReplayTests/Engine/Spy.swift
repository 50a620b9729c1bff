import MemoryUnits
import Synchronization

@testable import FuyunReplay

/// Gives 100 bytes and remembers what it is told.
struct Spy: SizingStrategy {
    let told = Told()

    func limit(for features: FeatureRow) -> Bytes? { Bytes(100) }
    func learn(_ outcome: RunOutcome) { told.add(outcome) }

    final class Told: Sendable {
        private let outcomes = Mutex<[RunOutcome]>([])
        var all: [RunOutcome] { outcomes.withLock { $0 } }
        func add(_ outcome: RunOutcome) { outcomes.withLock { $0.append(outcome) } }
    }
}
