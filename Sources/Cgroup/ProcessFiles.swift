import CLinux
import Glibc

/// Reading of files in `/proc`, bounded.
enum ProcessFiles {
    /// A whole file as text, at most `limit` bytes; nil with a negative errno when it cannot be read.
    static func text(_ path: String, limit: Int = 1 << 20) -> (text: String?, error: CInt) {
        let raw = fuyun_openat(AT_FDCWD, path, O_RDONLY)
        guard raw >= 0 else { return (nil, raw) }
        let file = Descriptor(adopting: raw)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = chunk.withUnsafeMutableBytes { buffer -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                return fuyun_pread(file.raw, base, buffer.count, off_t(bytes.count))
            }
            if count < 0 { return (nil, CInt(count)) }
            if count == 0 { break }
            bytes += chunk.prefix(count)
        }
        return (String(decoding: bytes, as: UTF8.self), 0)
    }

    /// What a descriptor of ours points at (`/proc/self/fd/N`).
    static func target(ofDescriptor raw: CInt) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let base = bytes.baseAddress else { return -1 }
            return readlink("/proc/self/fd/\(raw)", base.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// A number from the `key:` line of a descriptor's `/proc/self/fdinfo/N`.
    static func information(ofDescriptor raw: CInt, _ key: String) -> Int? {
        guard let text = text("/proc/self/fdinfo/\(raw)").text else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("\(key):") {
            return Int(line.dropFirst(key.utf8.count + 1).drop { $0 == " " || $0 == "\t" })
        }
        return nil
    }

    /// The mount options of the cgroup v2 mount that a descriptor is on.
    static func mountOptions(ofDescriptor raw: CInt) -> MountOptions? {
        guard let mount = information(ofDescriptor: raw, "mnt_id"), let table = text("/proc/self/mountinfo").text else {
            return nil
        }
        return MountOptions(mountinfo: table, mountID: mount)
    }

    /// A process's cgroup v2 path without its leading slash, from `/proc/PID/cgroup`.
    static func cgroupPath(ofProcess process: CInt) throws(PeerError) -> String {
        let (text, error) = text("/proc/\(process)/cgroup", limit: 65_536)
        guard let text else {
            throw error == -ENOENT || error == -ESRCH
                ? .exited : .system(operation: "read /proc/\(process)/cgroup", errno: -error)
        }
        return try cgroupPath(text)
    }

    /// The `0::` line of a `/proc/PID/cgroup`.
    static func cgroupPath(_ text: String) throws(PeerError) -> String {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::") }) else { throw .notInCgroup2 }
        let path = line.dropFirst(3)
        if path.split(separator: "/").contains("..") { throw .outsideNamespace(path: String(path)) }
        if path.hasSuffix(" (deleted)") { throw .cgroupRemoved }
        guard path.hasPrefix("/") else { throw .notInCgroup2 }
        return String(path.drop { $0 == "/" })
    }
}
