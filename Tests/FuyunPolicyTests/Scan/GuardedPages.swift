import Glibc

/// Memory whose end touches a page that cannot be read, so that a read behind a body's end crashes the test.
final class GuardedPages {
    let bytes: UnsafeMutableRawBufferPointer
    private let size: Int

    init(count: Int) {
        let page = sysconf(Int32(_SC_PAGESIZE))
        size = (count + 1) * page
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != MAP_FAILED, mprotect(start + count * page, page, PROT_NONE) == 0 else {
            fatalError("no guarded pages: errno \(errno)")
        }
        bytes = UnsafeMutableRawBufferPointer(start: start, count: count * page)
    }

    deinit { munmap(bytes.baseAddress, size) }

    /// Copies a text so that it ends at the guard.
    func place(_ text: ArraySlice<UInt8>) -> UnsafeRawBufferPointer {
        let part = UnsafeMutableRawBufferPointer(rebasing: bytes[(bytes.count - text.count)...])
        part.copyBytes(from: text)
        return UnsafeRawBufferPointer(part)
    }
}
