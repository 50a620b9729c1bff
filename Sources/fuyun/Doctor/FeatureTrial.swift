import Cgroup
import Glibc
import SystemPackage

/// Tries what the kernel can do: in an empty cgroup made for it where that is allowed, else in our own, without
/// changing anything.
enum FeatureTrial {
    static func run(in hierarchy: CgroupHierarchy) -> Machine.Trial {
        let name = "fuyun-doctor-\(getpid())"
        let path = hierarchy.mountPoint.appending(name).string
        if mkdir(path, 0o755) == 0 {
            defer { rmdir(path) }
            return look(at: name, in: hierarchy)
        }
        let reason = Errno(rawValue: errno)
        guard let own = CgroupHierarchy.ownPath(), !own.isEmpty else {
            return .notTried("no cgroup could be made in \(hierarchy.mountPoint): \(reason)")
        }
        return look(at: own, in: hierarchy)
    }

    private static func look(at path: String, in hierarchy: CgroupHierarchy) -> Machine.Trial {
        do throws(CgroupError) {
            let directory = try hierarchy.directory(at: path)
            guard try directory.hasMemoryController() else {
                return .notTried("the memory controller is not on in /\(path)")
            }
            return .features(try hierarchy.features(testedIn: directory))
        } catch {
            return .notTried("\(error)")
        }
    }
}
