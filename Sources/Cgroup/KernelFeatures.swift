import CLinux
import Glibc
import MemoryUnits

/// What this kernel can do for Fuyun.
///
/// `docs/kernel-facts.md` has versions and what happens without each.
public struct KernelFeatures: Hashable, Sendable {
    /// `memory.peak` exists.
    public var peak: Bool
    /// A write to an open `memory.peak` resets that descriptor, and no other.
    public var peakReset: Bool
    /// `memory.reclaim` exists.
    public var reclaim: Bool
    /// `memory.events.local` exists.
    public var localEvents: Bool
    /// `memory.pressure` exists and is on.
    public var pressure: Bool
    /// `memory.swap.max` exists.
    public var swapMax: Bool
    /// `memory.high` exists.
    public var high: Bool
    /// A connected Unix socket gives its peer's pidfd.
    public var peerPidfd: Bool
    /// A pidfd gives the right cgroup id.
    public var pidfdCgroupID: Bool

    /// Makes a set of features; each off unless given.
    public init(
        peak: Bool = false,
        peakReset: Bool = false,
        reclaim: Bool = false,
        localEvents: Bool = false,
        pressure: Bool = false,
        swapMax: Bool = false,
        high: Bool = false,
        peerPidfd: Bool = false,
        pidfdCgroupID: Bool = false
    ) {
        self.peak = peak
        self.peakReset = peakReset
        self.reclaim = reclaim
        self.localEvents = localEvents
        self.pressure = pressure
        self.swapMax = swapMax
        self.high = high
        self.peerPidfd = peerPidfd
        self.pidfdCgroupID = pidfdCgroupID
    }
}

extension CgroupHierarchy {
    /// Finds out what the kernel can do, trying it rather than asking for versions.
    ///
    /// - Parameter directory: A cgroup below the root with the memory controller on; the agent's own will do. Nothing in it
    ///   is changed that anyone else could see.
    /// - Throws: `CgroupError`: `gone` when the cgroup was removed meanwhile.
    public func features(testedIn directory: borrowing CgroupDirectory) throws(CgroupError) -> KernelFeatures {
        var features = KernelFeatures()
        features.peak = directory.hasFile("memory.peak")
        features.peakReset = features.peak ? try peakResets(in: directory) : false
        features.reclaim = directory.hasFile("memory.reclaim")
        features.localEvents = directory.hasFile("memory.events.local")
        features.pressure = try directory.memoryPressure() != nil
        features.swapMax = directory.hasFile("memory.swap.max")
        features.high = directory.hasFile("memory.high")
        features.peerPidfd = Self.socketsGivePidfds()
        features.pidfdCgroupID = trustsPidfdCgroupID
        return features
    }

    /// Resets through one descriptor and reads through another, which must not notice.
    private func peakResets(in directory: borrowing CgroupDirectory) throws(CgroupError) -> Bool {
        // A fake file has one content for all descriptors; trying would only spoil it.
        guard check == .cgroup2 else { return true }
        let witness = try directory.openFile("memory.peak", O_RDONLY)
        let tested = Descriptor(adopting: KernelFile.open("memory.peak", in: directory.rawDescriptor, O_RDWR))
        guard witness.isOpen, tested.isOpen else { return false }
        let file = directory.label("memory.peak")
        let before = try KernelFile.value(of: witness.raw, file: file, KernelText.quantity)
        do {
            try KernelFile.write(word: "0\n", to: tested.raw, file: file)
        } catch {
            if error.code == .gone { throw error }
            return false
        }
        let after = try KernelFile.value(of: tested.raw, file: file, KernelText.quantity)
        let witnessed = try KernelFile.value(of: witness.raw, file: file, KernelText.quantity)
        return after <= witnessed && witnessed >= before
    }

    private static func socketsGivePidfds() -> Bool {
        var ends: (CInt, CInt) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { bytes in
            bytes.withMemoryRebound(to: CInt.self) { pair in
                socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, pair.baseAddress)
            }
        }
        guard made == 0 else { return false }
        let here = Descriptor(adopting: ends.0)
        let there = Descriptor(adopting: ends.1)
        guard there.isOpen else { return false }
        let pidfd = Descriptor(adopting: fuyun_peer_pidfd(here.raw))
        return pidfd.isOpen
    }
}
