import Cgroup
import FuyunInvocation
import MemoryUnits

/// One container's open files and the limiter's state of it.
///
/// It lives on the event loop.
final class ManagedContainer {
    /// The window of one slot of the ledger.
    final class PeakSlot {
        var window: PeakWindow
        init(_ window: consuming PeakWindow) { self.window = window }
    }

    /// Which container it is, as its path tells.
    let identity: ContainerPath
    /// The cgroup in which its processes live.
    let directory: CgroupDirectory
    /// That cgroup's files.
    let files: ContainerFiles
    /// The levels above.
    let ancestors: AncestorChain
    /// The limiter's state.
    var ledger: ContainerLedger
    /// Its watches, to be ended with it.
    var watches: [CgroupWatcher.Watch] = []
    /// Peak windows by slot, opened when a slot is used for the first time.
    private var slots: [PeakSlot?] = []
    /// Whether its use is being sampled.
    var isSampling = false
    /// Whether a sampling timer is set; it outlives `isSampling` by at most one turn.
    var hasSamplingTimer = false
    /// What systemd should be told as soon as the container is used.
    var proposal: UnitLimits?
    /// Whether a proposal's timer is set.
    var hasProposalTimer = false
    /// Whether the directory is gone.
    var isGone = false
    /// Calls that have not ended, those that the ledger does not follow included.
    var openCalls = 0
    /// Until when touches of its tripwire are not looked at, as they were for nothing, and how long that was.
    var quiet: (until: MonotonicTime, length: Duration)?
    /// Whether it is noted down that `memory.high` may hold a tripwire.
    var hasTripwireMark = false
    /// What was said about it already, so that a container cannot fill the log.
    var noted: LimiterNotes = []

    init(
        identity: ContainerPath,
        directory: consuming CgroupDirectory,
        ancestors: AncestorChain,
        ledger: ContainerLedger
    ) throws(CgroupError) {
        files = try ContainerFiles(directory)
        self.identity = identity
        self.directory = directory
        self.ancestors = ancestors
        self.ledger = ledger
    }

    /// The cgroup's id.
    var id: CgroupID { files.id }

    /// The cgroup's path from the mount point.
    var path: String { files.path }

    /// The window of a slot.
    func peakSlot(_ slot: UInt8) throws(CgroupError) -> PeakSlot {
        let index = Int(slot)
        while slots.count <= index { slots.append(nil) }
        if let open = slots[index] { return open }
        let fresh = PeakSlot(try PeakWindow(directory))
        slots[index] = fresh
        return fresh
    }

    /// Takes a reading of `memory.current` for the windows that are in use, for kernels without `memory.peak`.
    func notePeak(current: Bytes) {
        for run in ledger.inFlight where Int(run.slot) < slots.count {
            slots[Int(run.slot)]?.window.note(current: current)
        }
    }

    /// What the window of a slot shows; nil when it cannot be read.
    func peak(of slot: UInt8) -> PeakReading? {
        guard Int(slot) < slots.count, let open = slots[Int(slot)],
            case .some(.some(let reading)) = try? open.window.end()
        else { return nil }
        return reading
    }

    /// How many processes userspace killers say that they have killed here or above.
    func userspaceKills() -> UInt64? {
        guard let own = try? directory.userspaceKillCount() else { return nil }
        let above = (try? ancestors.userspaceKillCounts()) ?? []
        return above.reduce(own, &+)
    }
}
