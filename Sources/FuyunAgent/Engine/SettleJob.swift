import Cgroup
import FuyunInvocation
import MemoryUnits

/// Gives a container's page cache back, in steps and within a deadline.
///
/// Blocking: for the worker.
///
/// `memory.reclaim` never kills. The steps are short so that a call that begins meanwhile does not wait for the end of a
/// long one, and so that the deadline means something.
struct SettleJob: Sendable {
    /// How much one step asks for.
    static let step = Bytes.mebibytes(16)

    /// What the ledger ordered.
    var request: SettleRequest
    /// The cgroup's path.
    var path: String
    /// Its id; a new cgroup at the same path is left alone.
    var id: CgroupID
    /// The tree.
    var hierarchy: CgroupHierarchy
    /// The longest that all steps together may take.
    var deadline: Duration

    /// Does it.
    ///
    /// - Returns: What was read at the end; nil when it failed.
    func run() -> MeterReading? {
        let start = Clocks.monotonic()
        let end = start.advanced(by: deadline)
        guard case .some(let directory) = try? hierarchy.directory(at: path), directory.id == id else { return nil }
        while true {
            guard let current = (try? directory.memoryCurrent()) ?? nil, let stat = (try? directory.memoryStat()) ?? nil
            else { return nil }
            let reading = MeterReading(current: current, stat: stat)
            guard let amount = request.reclaimAmount(current: current, stat: stat), Clocks.monotonic() < end else {
                return reading
            }
            guard let result = try? directory.reclaim(min(amount, Self.step)) else { return nil }
            // What is not given back now will not be given back by asking again at once.
            if result != .complete { return reading }
            let left = (try? directory.memoryCurrent()) ?? nil
            if left ?? current >= current { return reading }
        }
    }
}
