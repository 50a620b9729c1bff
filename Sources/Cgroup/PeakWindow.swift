import CLinux
import Glibc
public import MemoryUnits
import SystemPackage

/// A peak, and how far it can be believed.
public struct PeakReading: Hashable, Sendable {
    /// The highest use of the window.
    public var peak: Bytes
    /// How it was had.
    public var method: PeakMethod
    /// Whether it is the window's own peak.
    ///
    /// Not exact: with `lifetime` only an upper bound, with `sampled` only a lower one.
    public var exact: Bool

    /// Makes a reading.
    public init(peak: Bytes, method: PeakMethod, exact: Bool) {
        self.peak = peak
        self.method = method
        self.exact = exact
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
        let sampled = highestSample.map { PeakReading(peak: $0, method: .sampled, exact: false) }
        guard method != .sampled else { return sampled }
        do {
            let peak = try read()
            return PeakReading(peak: peak, method: method, exact: method == .window || peak > peakAtBegin)
        } catch {
            guard error.code == .gone, let sampled else { throw error }
            return sampled
        }
    }

    private func read() throws(CgroupError) -> Bytes {
        Bytes(try KernelFile.value(of: file.raw, file: path, KernelText.quantity))
    }
}
