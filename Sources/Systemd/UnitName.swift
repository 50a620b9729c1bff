/// Names of systemd units, as far as a cgroup's path shows them.
public enum UnitName {
    /// The unit of the system's service manager that owns a cgroup; nil when none can be told.
    ///
    /// The path is relative to the cgroup mount point, with or without a leading slash, as in /proc/PID/cgroup. Slices
    /// at the start are stepped over, and the first component after them is the unit, so cgroups below it (crun's
    /// `…/container`, or a whole systemd inside a container) belong to it too; when there is nothing but slices, the
    /// last one is it. Names keep their `\x2d` escapes: these are part of the unit's name. The rules are those of
    /// systemd's own reading of cgroup paths.
    ///
    /// What a *user's* service manager owns (rootless containers below `user@1000.service`) is nil: the system's
    /// manager does not know those units, and a limit set on `user@1000.service` instead would hit everything that user
    /// runs.
    public static func owning(cgroupPath: String) -> String? {
        var slice: String?
        var components = cgroupPath.split(separator: "/").makeIterator()
        while let component = components.next() {
            let name = unescaped(component)
            guard isUnit(name) else { return nil }
            if name.hasSuffix(".slice") {
                slice = String(name)
                continue
            }
            let isUserManager = name.hasPrefix("user@") && name.hasSuffix(".service")
            return isUserManager && components.next() != nil ? nil : String(name)
        }
        return slice
    }

    /// Takes off the underscore that systemd puts before names which the kernel could mistake for a cgroup's own file.
    private static func unescaped(_ component: Substring) -> Substring {
        component.hasPrefix("_") ? component.dropFirst() : component
    }

    /// Whether a name has the shape of a unit with a cgroup; systemd bounds names at 255 characters.
    static func isUnit(_ name: some StringProtocol) -> Bool {
        guard name.utf8.count <= 255, let dot = name.lastIndex(of: "."), dot > name.startIndex else { return false }
        guard kinds.contains(String(name[name.index(after: dot)...])) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: ":-_.\\@".utf8.contains(byte)
            }
        }
    }

    /// The D-Bus interface that has a unit's memory properties; nil for kinds without a cgroup.
    static func memoryInterface(of unit: String) -> String? {
        guard isUnit(unit), let dot = unit.lastIndex(of: ".") else { return nil }
        let kind = unit[unit.index(after: dot)...]
        return "org.freedesktop.systemd1." + kind.prefix(1).uppercased() + kind.dropFirst()
    }

    /// The kinds of units that own a cgroup.
    private static let kinds: Set<String> = ["scope", "service", "slice", "socket", "mount", "swap"]
}
