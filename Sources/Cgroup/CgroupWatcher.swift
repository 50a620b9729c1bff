import CLinux
import Glibc
import SystemPackage

/// One thing that happened in the cgroup tree.
public struct WatchEvent: Hashable, Sendable {
    /// What happened; the kernel may join several.
    public struct Kinds: OptionSet, Hashable, Sendable {
        /// The bits, as in `linux/inotify.h`.
        public var rawValue: UInt32

        /// Wraps the kernel's bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        /// A cgroup's file changed: an event counter moved, or someone wrote a value.
        public static let modified = Kinds(rawValue: 0x2)
        /// A file that someone had open for writing was closed.
        public static let closedAfterWrite = Kinds(rawValue: 0x8)
        /// Something was created in the directory, or moved into it.
        public static let created = Kinds(rawValue: 0x100 | 0x80)
        /// Something was removed from the directory, or moved out of it.
        public static let deleted = Kinds(rawValue: 0x200 | 0x40)
        /// The watched file or directory itself was removed.
        public static let removedSelf = Kinds(rawValue: 0x400)
        /// The kernel's queue was full and events were lost: look at everything again.
        ///
        /// Comes with no watch.
        public static let overflow = Kinds(rawValue: 0x4000)
        /// The watch is over: it was removed, or its file was.
        ///
        /// No event follows, and its number may be reused.
        public static let ended = Kinds(rawValue: 0x8000)

        /// Whether any of these kinds is in.
        public func contains(anyOf kinds: Kinds) -> Bool { rawValue & kinds.rawValue != 0 }
    }

    /// Which watch; nil for an overflow.
    public var watch: CgroupWatcher.Watch?
    /// What happened.
    public var kinds: Kinds
    /// Whether it happened to a directory, so to a cgroup.
    public var isDirectory: Bool
    /// The child's name, for creations and removals in a directory.
    public var name: String?

    /// Makes an event.
    public init(watch: CgroupWatcher.Watch?, kinds: Kinds, isDirectory: Bool = false, name: String? = nil) {
        self.watch = watch
        self.kinds = kinds
        self.isDirectory = isDirectory
        self.name = name
    }
}

/// Owns one inotify descriptor on cgroup directories and files.
///
/// An event wakes, it does not count: one event can stand for many changes, and changes before the watch give none. So
/// add the watch first, then read, and compare with what was read before.
///
/// A watch on a file of a removed cgroup need not end by itself: cgroupfs gave no event there before 2026 (measured on
/// Linux 6.18), only the removal in the parent directory. So whoever learns of a death calls `remove` for its watches.
public struct CgroupWatcher: ~Copyable, Sendable {
    /// One watch's number, unique among the live watches of a watcher.
    public struct Watch: RawRepresentable, Hashable, Sendable {
        /// The kernel's watch descriptor.
        public var rawValue: CInt

        /// Wraps the kernel's watch descriptor.
        public init(rawValue: CInt) { self.rawValue = rawValue }
    }

    /// A file worth watching.
    public enum File: String, Hashable, Sendable, CaseIterable {
        /// `memory.events`: a counter moved.
        case memoryEvents = "memory.events"
        /// `cgroup.events`: `populated` or `frozen` changed.
        case cgroupEvents = "cgroup.events"
        /// `memory.max`: someone else wrote the limit.
        case memoryMax = "memory.max"
        /// `memory.high`: someone else wrote it.
        case memoryHigh = "memory.high"
        /// `memory.swap.max`: someone else wrote the limit.
        case memorySwapMax = "memory.swap.max"

        /// Counter files notify on change; limit files are known by the close of a descriptor that was open for writing,
        /// which never is the one that `ContainerFiles` keeps open.
        var mask: UInt32 {
            switch self {
            case .memoryEvents, .cgroupEvents: UInt32(IN_MODIFY)
            case .memoryMax, .memoryHigh, .memorySwapMax: UInt32(IN_CLOSE_WRITE)
            }
        }
    }

    private let descriptor: Descriptor

    /// The descriptor to poll for readability; it does not block.
    ///
    /// Valid for as long as this value lives.
    public var rawDescriptor: CInt { descriptor.raw }

    /// Opens a watcher.
    ///
    /// - Throws: `CgroupError` when `fs.inotify.max_user_instances` is used up.
    public init() throws(CgroupError) {
        let raw = inotify_init1(CInt(IN_NONBLOCK) | CInt(IN_CLOEXEC))
        guard raw >= 0 else {
            throw CgroupError(
                file: "inotify (fs.inotify.max_user_instances)",
                operation: "open",
                errno: Errno(rawValue: errno)
            )
        }
        descriptor = Descriptor(adopting: raw)
    }

    /// Watches births and deaths of a cgroup's children.
    ///
    /// - Throws: `CgroupError`; ENOSPC means that `fs.inotify.max_user_watches` is used up.
    public func watchChildren(of directory: borrowing CgroupDirectory) throws(CgroupError) -> Watch {
        let births = UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)
        let deaths = UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE_SELF)
        return try add(directory.path, "/proc/self/fd/\(directory.rawDescriptor)", births | deaths | UInt32(IN_ONLYDIR))
    }

    /// Watches one file; nil when this cgroup does not have it.
    ///
    /// - Throws: `CgroupError`; ENOSPC means that `fs.inotify.max_user_watches` is used up.
    public func watch(_ file: File, of directory: borrowing CgroupDirectory) throws(CgroupError) -> Watch? {
        do {
            return try add(
                directory.label(file.rawValue),
                "/proc/self/fd/\(directory.rawDescriptor)/\(file.rawValue)",
                file.mask
            )
        } catch {
            if error.code == .absent { return nil }
            throw error
        }
    }

    /// Ends a watch; an `ended` event follows.
    ///
    /// Ending one that has ended by itself does nothing.
    public func remove(_ watch: Watch) {
        _ = inotify_rm_watch(descriptor.raw, watch.rawValue)
    }

    /// Reads and delivers what is waiting, at most `limit` batches of 8 KiB so that a busy tree cannot hold the event
    /// loop.
    ///
    /// - Returns: Whether more may be waiting.
    /// - Throws: `CgroupError` when the descriptor cannot be read.
    public func drain(limit: Int = 16, _ body: (WatchEvent) -> Void) throws(CgroupError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 8192)
        for _ in 0..<limit {
            let (count, reason) = buffer.withUnsafeMutableBytes { bytes -> (Int, CInt) in
                let count = read(descriptor.raw, bytes.baseAddress, bytes.count)
                return (count, errno)
            }
            if count < 0, reason == EAGAIN { return false }
            if count < 0, reason == EINTR { continue }
            guard count >= 0 else { throw KernelFile.failure(-Int(reason), "inotify", "read") }
            buffer.withUnsafeBytes { Self.parse(UnsafeRawBufferPointer(rebasing: $0.prefix(count)), body) }
        }
        return true
    }

    /// Takes the kernel's records apart (inotify(7): i32 watch, u32 mask, u32 cookie, u32 length, name padded with
    /// zeros).
    ///
    /// A record that does not fit in the bytes ends the walk.
    public static func parse(_ bytes: UnsafeRawBufferPointer, _ body: (WatchEvent) -> Void) {
        let header = 16
        var offset = 0
        while bytes.count - offset >= header {
            let watch = bytes.loadUnaligned(fromByteOffset: offset, as: CInt.self)
            let mask = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            guard length <= bytes.count - offset - header else { return }
            let start = offset + header
            let name = bytes[start..<(start + length)].prefix { $0 != 0 }
            let isDirectory = mask & 0x4000_0000 != 0
            body(
                WatchEvent(
                    watch: watch < 0 ? nil : Watch(rawValue: watch),
                    kinds: .init(rawValue: mask & 0xFFFF),
                    isDirectory: isDirectory,
                    name: name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
                )
            )
            offset = start + length
        }
    }

    private func add(_ label: String, _ path: String, _ mask: UInt32) throws(CgroupError) -> Watch {
        let raw = inotify_add_watch(descriptor.raw, path, mask)
        guard raw >= 0 else { throw CgroupError(file: label, operation: "watch", errno: Errno(rawValue: errno)) }
        return Watch(rawValue: raw)
    }
}
