import Glibc

/// A file that is read from its beginning, block by block.
struct InputBytes: ~Copyable {
    /// The file.
    let path: String
    private let descriptor: CInt
    private var block: [UInt8]
    private var place = 0
    private var end = 0

    /// Opens a file.
    init(_ path: String) throws(TraceError) {
        self.path = path
        block = []
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TraceError(path: path, "cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            throw TraceError(path: path, "a file was expected, and this is a folder")
        }
        block = [UInt8](repeating: 0, count: 1 << 17)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next byte; nil at the end.
    @inline(__always)
    mutating func next() throws(TraceError) -> UInt8? {
        if place == end, try !fill() { return nil }
        defer { place += 1 }
        return block[place]
    }

    /// The next byte, left where it is; nil at the end.
    @inline(__always)
    mutating func peek() throws(TraceError) -> UInt8? {
        if place == end, try !fill() { return nil }
        return block[place]
    }

    private mutating func fill() throws(TraceError) -> Bool {
        var count: Int
        repeat {
            count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else {
            throw TraceError(path: path, "cannot be read: \(String(cString: strerror(errno)))")
        }
        (place, end) = (0, count)
        return count > 0
    }
}
