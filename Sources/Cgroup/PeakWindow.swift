import CLinux
import Glibc
public import MemoryUnits
import SystemPackage

/// The peak of memory use over a window, and how much it can be trusted.
public struct PeakReading: Hashable, Sendable {
    /// The peak: page cache and kernel memory included, and never above the limit.
    public var bytes: Bytes
    /// How it was had.
    public var method: PeakMethod
    /// Whether it is the window's own peak.
    ///
    /// False for a lifetime peak that did not grow, which is only an upper bound, and for the highest of samples, which
    /// is only a lower one.
    public var isExact: Bool

    /// Makes a reading.
    public init(bytes: Bytes, method: PeakMethod, isExact: Bool) {
        self.bytes = bytes
        self.method = method
        self.isExact = isExact
    }

    /// The peak of a window that was reset when the window began.
    public static func window(_ bytes: Bytes) -> PeakReading {
        PeakReading(bytes: bytes, method: .window, isExact: true)
    }

    /// The cgroup's lifetime peak: exact when it grew during the window, else an upper bound.
    public static func lifetime(_ bytes: Bytes, atBegin: Bytes?) -> PeakReading {
        PeakReading(bytes: bytes, method: .lifetime, isExact: atBegin.map { bytes > $0 } ?? false)
    }

    /// The highest sample of `memory.current`.
    public static func sampled(_ bytes: Bytes) -> PeakReading {
        PeakReading(bytes: bytes, method: .sampled, isExact: false)
    }
}

/// One measuring window on a cgroup's peak memory use.
///
/// From Linux 6.12 on, a write to an open `memory.peak` resets what later reads of *that descriptor* show, so several
/// windows on one cgroup are independent of each other. Before that (5.19 and up) the file holds the peak of the cgroup's
/// life: exact when it grew during the window, else an upper bound. Without the file, the highest `note`d sample.
public struct PeakWindow: ~Copyable, Sendable {
    /// How this kernel lets peaks be had here; a first `begin` may find that `window` does not work and change it.
    public private(set) var method: PeakMethod
    private let file: Descriptor
    private let path: String
    private var peakAtBegin: Bytes = .zero
    private var highestSample: Bytes?

    /// Opens a window; it measures nothing before `begin`.
    ///
    /// - Parameters:
    ///   - directory: The cgroup.
    ///   - best: The best method to use; a weaker one is used when the kernel lacks it.
    /// - Throws: `CgroupError`: `gone` when the cgroup was removed.
    public init(_ directory: borrowing CgroupDirectory, best: PeakMethod = .window) throws(CgroupError) {
        path = directory.label("memory.peak")
        var raw: CInt = -1
        if best == .window { raw = KernelFile.open("memory.peak", in: directory.rawDescriptor, O_RDWR) }
        if raw >= 0 {
            file = Descriptor(adopting: raw)
            method = .window
        } else if best == .sampled {
            file = Descriptor(adopting: -1)
            method = .sampled
        } else {
            // Without reset the file is read-only, for root too on some kernels.
            file = try directory.openFile("memory.peak", O_RDONLY)
            method = file.isOpen ? .lifetime : .sampled
        }
    }

    /// Starts the window anew.
    ///
    /// One write with a reset, one read without.
    ///
    /// - Throws: `CgroupError`: `gone` when the cgroup was removed.
    public mutating func begin() throws(CgroupError) {
        highestSample = nil
        if method == .window {
            // The kernel takes any text; a number leaves a fake file readable.
            do {
                try KernelFile.write(word: "0\n", to: file.raw, file: path)
                return
            } catch {
                guard error.errno == .invalidArgument || error.code == .denied else { throw error }
                method = .lifetime
            }
        }
        if method == .lifetime { peakAtBegin = try read() }
    }

    /// Takes a reading of `memory.current`, for kernels without `memory.peak`.
    public mutating func note(current: Bytes) {
        highestSample = max(highestSample ?? .zero, current)
    }

    /// The peak since `begin`; the window stays open and may be read again.
    ///
    /// Nil when only samples could tell and there were none.
    ///
    /// - Throws: `CgroupError`: `gone` when the cgroup was removed and no sample was taken.
    public func end() throws(CgroupError) -> PeakReading? {
        let sampled = highestSample.map { PeakReading.sampled($0) }
        guard method != .sampled else { return sampled }
        do {
            let peak = try read()
            return PeakReading(bytes: peak, method: method, isExact: method == .window || peak > peakAtBegin)
        } catch {
            guard error.code == .gone, let sampled else { throw error }
            return sampled
        }
    }

    private func read() throws(CgroupError) -> Bytes {
        Bytes(try KernelFile.value(of: file.raw, file: path, KernelText.quantity))
    }
}
