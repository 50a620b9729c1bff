import CLinux
import Glibc
public import MemoryUnits
import SystemPackage

/// One open cgroup v2 directory.
///
/// All files are opened relative to the descriptor, so that a path that is reused by a new cgroup never leads here by
/// mistake. A method that answers an optional answers nil when this kernel, or the root, does not have the file; it throws
/// `CgroupError` with code `gone` when the cgroup was removed.
///
/// Each call opens, reads and closes. The files that are read for every invocation are kept open by `ContainerFiles`.
public struct CgroupDirectory: ~Copyable, Sendable {
    /// The kernel's number for this cgroup: the inode number of its directory.
    public let id: CgroupID
    /// The path from the mount point when it was opened, without a leading slash; empty for the root.
    public let path: String
    /// Whether the directory belongs to the user that this process runs as.
    ///
    /// The owner of a directory may set its `user.*` attributes; systemd gives the directories of delegated units to
    /// their users, while the limits in them stay root's.
    public let isOwned: Bool
    private let descriptor: Descriptor

    /// The directory's own descriptor, for calls that take one; valid for as long as this value lives.
    public var rawDescriptor: CInt { descriptor.raw }

    /// The last component of the path.
    public var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

    init(adopting raw: CInt, path: String) throws(CgroupError) {
        let owned = Descriptor(adopting: raw)
        var facts = stat()
        guard fstat(owned.raw, &facts) == 0 else {
            throw CgroupError(file: path, operation: "stat", errno: Errno(rawValue: errno))
        }
        self.id = CgroupID(rawValue: UInt64(facts.st_ino))
        self.path = path
        self.isOwned = facts.st_uid == geteuid()
        self.descriptor = owned
    }

    // MARK: - The tree

    /// Opens a cgroup below this one.
    ///
    /// - Parameter relative: Names separated by `/`; empty components are dropped, `..` is refused.
    /// - Throws: `CgroupError`: `absent` when there is no such cgroup.
    public func open(_ relative: String) throws(CgroupError) -> CgroupDirectory {
        let parts = relative.split(separator: "/").filter { $0 != "." }
        let inner = parts.joined(separator: "/")
        let full = path.isEmpty ? inner : inner.isEmpty ? path : "\(path)/\(inner)"
        guard !parts.contains(".."), !inner.utf8.contains(0) else {
            throw CgroupError(file: full, operation: "open", errno: .invalidArgument)
        }
        let raw = fuyun_openat(descriptor.raw, inner.isEmpty ? "." : inner, O_RDONLY | O_DIRECTORY)
        guard raw >= 0 else { throw KernelFile.failure(Int(raw), full, "open") }
        return try CgroupDirectory(adopting: raw, path: full)
    }

    /// Opens a direct child by name; nil when it does not exist.
    public func openChild(_ name: String) throws(CgroupError) -> CgroupDirectory? {
        guard !name.isEmpty, !name.contains("/") else {
            throw CgroupError(file: label(name), operation: "open", errno: .invalidArgument)
        }
        do {
            return try open(name)
        } catch {
            if error.code == .absent { return nil }
            throw error
        }
    }

    /// Opens the cgroup in which a container's processes live and its limit belongs.
    ///
    /// That is the sub-cgroup `container` where crun made one, else this cgroup itself, opened once more. A runtime makes
    /// the sub-cgroup a moment after the scope: ask again when a process is first seen.
    public func openProcessLeaf() throws(CgroupError) -> CgroupDirectory {
        guard let leaf = try openChild(ContainerPath.crunLeaf) else { return try open("") }
        return leaf
    }

    /// The names of the child cgroups, in no order.
    ///
    /// - Parameter limit: How many names at most.
    public func childNames(limit: Int = 65_536) throws(CgroupError) -> [String] {
        let raw = fuyun_openat(descriptor.raw, ".", O_RDONLY | O_DIRECTORY)
        guard raw >= 0 else { throw KernelFile.failure(Int(raw), label(""), "open") }
        guard let stream = fdopendir(raw) else {
            let reason = Errno(rawValue: errno)
            close(raw)
            throw CgroupError(file: label(""), operation: "list", errno: reason)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Whether the memory controller is on for this cgroup (`cgroup.controllers`): without it there is nothing to limit.
    public func hasMemoryController() throws(CgroupError) -> Bool {
        let file = try openFile("cgroup.controllers", O_RDONLY)
        guard file.isOpen else { return false }
        return try KernelFile.text(of: file.raw, file: label("cgroup.controllers")) { text in
            var start = 0
            for index in 0...text.count where index == text.count || text[index] == 0x20 || text[index] == 0x0A {
                if KernelText.equals(text, start..<index, "memory") { return true }
                start = index + 1
            }
            return false
        }
    }

    /// Process ids of the live members (`cgroup.procs`), descendants not included.
    ///
    /// - Parameter limit: How many ids at most; the file of a busy cgroup has no bound of its own.
    public func processes(limit: Int = 4096) throws(CgroupError) -> [CInt] {
        let file = try openFile("cgroup.procs", O_RDONLY)
        guard file.isOpen else { return [] }
        var result: [CInt] = []
        var pending: UInt64?
        var offset: off_t = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while result.count < limit {
            let count = buffer.withUnsafeMutableBytes { bytes -> Int in
                guard let base = bytes.baseAddress else { return 0 }
                return fuyun_pread(file.raw, base, bytes.count, offset)
            }
            guard count >= 0 else { throw KernelFile.failure(count, label("cgroup.procs"), "read") }
            if count == 0 { break }
            offset += off_t(count)
            for byte in buffer.prefix(count) where result.count < limit {
                if byte == 0x0A, let id = pending.flatMap({ CInt(exactly: $0) }) {
                    result.append(id)
                    pending = nil
                } else if byte >= 0x30, byte <= 0x39, (pending ?? 0) < 1 << 32 {
                    pending = (pending ?? 0) * 10 + UInt64(byte - 0x30)
                } else {
                    throw KernelFile.malformed(label("cgroup.procs"))
                }
            }
        }
        return result
    }

    // MARK: - Limits

    /// `memory.max`: the hard limit of this level; the root has none.
    public func memoryMax() throws(CgroupError) -> MemoryLimit? { try value("memory.max", KernelText.limit) }

    /// `memory.high`: above it, tasks are throttled and reclaimed from, never killed.
    public func memoryHigh() throws(CgroupError) -> MemoryLimit? { try value("memory.high", KernelText.limit) }

    /// `memory.swap.max`; nil also where the kernel was started without swap accounting.
    public func memorySwapMax() throws(CgroupError) -> MemoryLimit? { try value("memory.swap.max", KernelText.limit) }

    /// Writes `memory.max`.
    ///
    /// Below the use of the moment the write reclaims, may block for long, and may kill: the caller checks first. The
    /// file is opened and closed, so a `CgroupWatcher` on it reports this write like a foreign one.
    public func setMemoryMax(_ limit: MemoryLimit) throws(CgroupError) { try set("memory.max", limit) }

    /// Writes `memory.high`.
    public func setMemoryHigh(_ limit: MemoryLimit) throws(CgroupError) { try set("memory.high", limit) }

    /// Writes `memory.swap.max`.
    public func setMemorySwapMax(_ limit: MemoryLimit) throws(CgroupError) { try set("memory.swap.max", limit) }

    /// `memory.oom.group`: whether an OOM kill takes every process of the cgroup.
    public func oomGroup() throws(CgroupError) -> Bool? { try value("memory.oom.group", KernelText.flag) }

    // MARK: - Use

    /// `memory.current`: memory charged now, page cache included.
    public func memoryCurrent() throws(CgroupError) -> Bytes? { try bytes("memory.current") }

    /// `memory.peak`: the highest use since the cgroup was made (Linux >= 5.19).
    public func memoryPeak() throws(CgroupError) -> Bytes? { try bytes("memory.peak") }

    /// `memory.stat`, the lines that sizing needs.
    public func memoryStat() throws(CgroupError) -> MemoryStat? { try text("memory.stat", KernelText.stat) }

    /// `memory.events`: counters of this cgroup and its descendants (of this one alone when the file system is mounted
    /// with `memory_localevents`, see `MountOptions`).
    public func memoryEvents() throws(CgroupError) -> MemoryEvents? { try text("memory.events", KernelText.events) }

    /// `memory.events.local`: counters of this cgroup alone.
    public func memoryLocalEvents() throws(CgroupError) -> MemoryEvents? {
        try text("memory.events.local", KernelText.events)
    }

    /// `memory.pressure`; nil also where pressure accounting is switched off (`psi=0`).
    public func memoryPressure() throws(CgroupError) -> PressureStall? {
        try text("memory.pressure", KernelText.pressure)
    }

    /// `cgroup.events`; the root has none.
    public func cgroupEvents() throws(CgroupError) -> CgroupEvents? {
        try text("cgroup.events", KernelText.cgroupEvents)
    }

    /// How an explicit reclaim ended.
    public enum ReclaimResult: Hashable, Sendable {
        /// Everything that was asked for was given back.
        case complete
        /// Less was given back than asked for: there was no more to have, or a signal came.
        case partial
        /// This kernel has no `memory.reclaim` (Linux >= 5.19).
        case unsupported
    }

    /// Asks the kernel to take memory back (`memory.reclaim`).
    ///
    /// It never kills; it may block, so not on an event loop.
    public func reclaim(_ amount: Bytes) throws(CgroupError) -> ReclaimResult {
        let file = try openFile("memory.reclaim", O_WRONLY)
        guard file.isOpen else { return .unsupported }
        do {
            try KernelFile.write(number: amount.rawValue, to: file.raw, file: label("memory.reclaim"))
            return .complete
        } catch {
            if error.errno == .resourceTemporarilyUnavailable || error.errno == .interrupted { return .partial }
            throw error
        }
    }

    // MARK: - Extended attributes

    /// An extended attribute of the directory; nil when it is not set or the file system has none (kernel: `user.*`
    /// since 5.7).
    ///
    /// At most 256 bytes.
    public func attribute(_ name: String) throws(CgroupError) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = fgetxattr(descriptor.raw, name, &buffer, buffer.count)
        if count >= 0 { return String(decoding: buffer.prefix(count), as: UTF8.self) }
        let reason = errno
        if reason == ENODATA || reason == ENOTSUP { return nil }
        throw KernelFile.failure(-Int(reason), label(name), "read attribute")
    }

    /// Sets an extended attribute, or removes it for nil.
    ///
    /// False when the file system has none, or refuses.
    public func setAttribute(_ name: String, _ value: String?) throws(CgroupError) -> Bool {
        let result: CInt
        if let value {
            result = fsetxattr(descriptor.raw, name, value, value.utf8.count, 0)
        } else {
            result = fremovexattr(descriptor.raw, name)
        }
        if result == 0 { return true }
        let reason = errno
        if reason == ENODATA { return true }
        if reason == ENOTSUP || reason == EPERM || reason == EACCES || reason == EROFS { return false }
        throw KernelFile.failure(-Int(reason), label(name), "write attribute")
    }

    /// How many processes of this cgroup a userspace killer has killed, as systemd-oomd and systemd write it into the
    /// attributes `user.oomd_kill` (processes) and `user.oomd_ooms` (times); 0 when never, or not recorded.
    public func userspaceKillCount() throws(CgroupError) -> UInt64 {
        let killed = try attribute("user.oomd_kill").flatMap { UInt64($0) } ?? 0
        let times = try attribute("user.oomd_ooms").flatMap { UInt64($0) } ?? 0
        return max(killed, times)
    }

    // MARK: - Files

    /// A file's path from the mount point, for messages.
    func label(_ file: String) -> String { path.isEmpty ? file : file.isEmpty ? path : "\(path)/\(file)" }

    /// Opens a file of this directory; absent when the kernel does not have it; throws `gone` when the cgroup is no more.
    func openFile(_ file: String, _ flags: CInt) throws(CgroupError) -> Descriptor {
        let raw = KernelFile.open(file, in: descriptor.raw, flags)
        if raw >= 0 { return Descriptor(adopting: raw) }
        // Pressure files answer EOPNOTSUPP already at open when the accounting is off.
        if raw == -EOPNOTSUPP { return Descriptor(adopting: -1) }
        guard raw == -ENOENT else { throw KernelFile.failure(Int(raw), label(file), "open") }
        // Every live cgroup has cgroup.procs, the root too; a removed one has no files at all.
        if faccessat(descriptor.raw, "cgroup.procs", F_OK, 0) == 0 { return Descriptor(adopting: -1) }
        throw CgroupError(code: .gone, file: label(file), operation: "open", errno: .noSuchFileOrDirectory)
    }

    /// Whether the cgroup has this file.
    func hasFile(_ file: String) -> Bool { faccessat(descriptor.raw, file, F_OK, 0) == 0 }

    private func value<Value>(
        _ file: String,
        _ parse: (borrowing Span<UInt8>) -> Value?
    ) throws(CgroupError) -> Value? {
        let opened = try openFile(file, O_RDONLY)
        guard opened.isOpen else { return nil }
        return try KernelFile.value(of: opened.raw, file: label(file), parse)
    }

    private func text<Value>(
        _ file: String,
        _ parse: (borrowing Span<UInt8>) -> Value?
    ) throws(CgroupError) -> Value? {
        let opened = try openFile(file, O_RDONLY)
        guard opened.isOpen else { return nil }
        do {
            return try KernelFile.text(of: opened.raw, file: label(file), parse)
        } catch {
            if error.errno == .notSupportedOnSocket { return nil }
            throw error
        }
    }

    private func bytes(_ file: String) throws(CgroupError) -> Bytes? {
        try value(file, KernelText.quantity).map { Bytes($0) }
    }

    private func set(_ file: String, _ limit: MemoryLimit) throws(CgroupError) {
        let opened = try openFile(file, O_WRONLY)
        guard opened.isOpen else {
            throw CgroupError(code: .absent, file: label(file), operation: "write", errno: .noSuchFileOrDirectory)
        }
        try KernelFile.write(limit, to: opened.raw, file: label(file))
    }
}
