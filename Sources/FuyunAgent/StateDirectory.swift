import Glibc
import SystemPackage

/// Small files that outlive a run of the agent.
enum StateDirectory {
    /// Makes a directory with all that lead to it; one that is there stays as it is.
    static func make(_ path: FilePath, permissions: UInt32) throws(Errno) {
        var walked = FilePath(root: path.root)
        for component in path.components {
            walked.append(component)
            guard mkdir(walked.string, permissions) != 0, errno != EEXIST else { continue }
            throw Errno(rawValue: errno)
        }
    }

    /// The number of this run: the second since 1970, or one more than the last run's when that is not less.
    ///
    /// Two runs never have the same, so that an id of an earlier run is never taken for one of this.
    ///
    /// Without a directory that can be written it is the second alone.
    static func nextEpoch(in directory: FilePath, now: UInt64) -> UInt32 {
        let path = directory.appending("epoch").string
        let last = readNumber(path) ?? 0
        let epoch = max(UInt32(truncatingIfNeeded: now), last < .max ? last + 1 : 0)
        let fresh = path + ".new"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return epoch }
        let text = Array("\(epoch)\n".utf8)
        let isWritten = write(descriptor, text, text.count) == text.count && fsync(descriptor) == 0
        close(descriptor)
        if isWritten { _ = rename(fresh, path) }
        return epoch
    }

    private static func readNumber(_ path: String) -> UInt32? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return UInt32(String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
