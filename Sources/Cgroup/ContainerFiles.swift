import CLinux
import Glibc
public import MemoryUnits
import SystemPackage

/// The files of one container's leaf cgroup that every invocation needs, opened once and kept.
///
/// No method allocates, except to build an error. Absent files answer nil. When the cgroup is removed every method throws
/// `CgroupError` with code `gone`.
///
/// `memory.max` stays open, and inotify's IN_CLOSE_WRITE comes with a close, so a `CgroupWatcher` on it sees the writes
/// of others only; the end of this value is a close too, so end the watch first. It is opened with O_NONBLOCK: where the
/// kernel knows that (Linux >= 6.16), a write below the use of the moment neither reclaims nor kills in the writer.
public struct ContainerFiles: ~Copyable, Sendable {
    /// How the files are opened.
    public enum Access: Hashable, Sendable {
        /// For limits as well as for readings.
        case readWrite
        /// For readings only: `observe` mode, or not root.
        case readOnly
    }

    /// The cgroup's id.
    public let id: CgroupID
    /// The cgroup's path from the mount point.
    public let path: String
    private let maxFile: Descriptor
    private let highFile: Descriptor
    private let currentFile: Descriptor
    private let statFile: Descriptor
    private let eventsFile: Descriptor
    private let localEventsFile: Descriptor
    private let pressureFile: Descriptor

    /// Opens the files of a cgroup.
    ///
    /// - Throws: `CgroupError`: `denied` without the right to write limits, `gone` when the cgroup was removed.
    public init(_ directory: borrowing CgroupDirectory, access: Access = .readWrite) throws(CgroupError) {
        let limitFlags = access == .readWrite ? O_RDWR | O_NONBLOCK : O_RDONLY
        let max = try directory.openFile("memory.max", limitFlags)
        let high = try directory.openFile("memory.high", limitFlags)
        let current = try directory.openFile("memory.current", O_RDONLY)
        let stat = try directory.openFile("memory.stat", O_RDONLY)
        let events = try directory.openFile("memory.events", O_RDONLY)
        let localEvents = try directory.openFile("memory.events.local", O_RDONLY)
        let pressure = try directory.openFile("memory.pressure", O_RDONLY)
        self.id = directory.id
        self.path = directory.path
        self.maxFile = max
        self.highFile = high
        self.currentFile = current
        self.statFile = stat
        self.eventsFile = events
        self.localEventsFile = localEvents
        self.pressureFile = pressure
    }

    /// Writes `memory.max`: one pwrite.
    ///
    /// The kernel rounds down to whole pages.
    ///
    /// - Throws: `CgroupError`: `absent` where there is no such file (no memory controller).
    public func writeMax(_ limit: MemoryLimit) throws(CgroupError) {
        guard maxFile.isOpen else {
            throw CgroupError(
                code: .absent,
                file: label("memory.max"),
                operation: "write",
                errno: .noSuchFileOrDirectory
            )
        }
        try KernelFile.write(limit, to: maxFile.raw, file: label("memory.max"))
    }

    /// `memory.max`.
    public func readMax() throws(CgroupError) -> MemoryLimit? {
        guard maxFile.isOpen else { return nil }
        return try KernelFile.value(of: maxFile.raw, file: label("memory.max"), KernelText.limit)
    }

    /// Writes `memory.high`: one pwrite.
    ///
    /// Below the use of the moment the write reclaims before it returns (but for O_NONBLOCK on Linux >= 6.16), and never
    /// kills. It does not wake tasks that the old value put to sleep; they sleep their time, at most 2 s.
    ///
    /// - Throws: `CgroupError`: `absent` where there is no such file.
    public func writeHigh(_ limit: MemoryLimit) throws(CgroupError) {
        guard highFile.isOpen else {
            throw CgroupError(
                code: .absent,
                file: label("memory.high"),
                operation: "write",
                errno: .noSuchFileOrDirectory
            )
        }
        try KernelFile.write(limit, to: highFile.raw, file: label("memory.high"))
    }

    /// `memory.high`; nil where there is no such file.
    public func readHigh() throws(CgroupError) -> MemoryLimit? {
        guard highFile.isOpen else { return nil }
        return try KernelFile.value(of: highFile.raw, file: label("memory.high"), KernelText.limit)
    }

    /// `memory.current`.
    public func current() throws(CgroupError) -> Bytes? {
        guard currentFile.isOpen else { return nil }
        return Bytes(try KernelFile.value(of: currentFile.raw, file: label("memory.current"), KernelText.quantity))
    }

    /// `memory.stat`, the lines that sizing needs.
    public func stat() throws(CgroupError) -> MemoryStat? {
        guard statFile.isOpen else { return nil }
        return try KernelFile.text(of: statFile.raw, file: label("memory.stat"), KernelText.stat)
    }

    /// `memory.events`.
    public func events() throws(CgroupError) -> MemoryEvents? {
        guard eventsFile.isOpen else { return nil }
        return try KernelFile.text(of: eventsFile.raw, file: label("memory.events"), KernelText.events)
    }

    /// `memory.events.local`.
    public func localEvents() throws(CgroupError) -> MemoryEvents? {
        guard localEventsFile.isOpen else { return nil }
        return try KernelFile.text(of: localEventsFile.raw, file: label("memory.events.local"), KernelText.events)
    }

    /// `memory.pressure`.
    public func pressure() throws(CgroupError) -> PressureStall? {
        guard pressureFile.isOpen else { return nil }
        return try KernelFile.text(of: pressureFile.raw, file: label("memory.pressure"), KernelText.pressure)
    }

    private func label(_ file: String) -> String { path.isEmpty ? file : "\(path)/\(file)" }
}
