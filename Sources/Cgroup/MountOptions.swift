/// The options of a cgroup v2 mount that change what its files mean (Linux: Documentation/admin-guide/cgroup-v2.rst).
public struct MountOptions: Hashable, Sendable {
    /// `memory_localevents`: `memory.events` counts its own cgroup alone, as `memory.events.local` does, so that an
    /// event in a sub-cgroup is not seen above it.
    public var localEvents: Bool
    /// `memory_recursiveprot`: `memory.min` and `memory.low` protect whole subtrees.
    public var recursiveProtection: Bool
    /// `nsdelegate`: cgroup namespaces are delegation boundaries.
    public var namespaceDelegation: Bool

    /// Makes a set of options; the kernel's defaults unless given.
    public init(localEvents: Bool = false, recursiveProtection: Bool = false, namespaceDelegation: Bool = false) {
        self.localEvents = localEvents
        self.recursiveProtection = recursiveProtection
        self.namespaceDelegation = namespaceDelegation
    }

    /// Finds the options of one mount in `/proc/self/mountinfo` (proc(5): id, parent, device, root, mount point,
    /// options, optional fields, `-`, type, source, super block options).
    ///
    /// Nil when the mount is not there or is no cgroup v2.
    public init?(mountinfo: String, mountID: Int) {
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let first = fields.first, Int(first) == mountID else { continue }
            guard let separator = fields.firstIndex(of: "-"), fields.count > separator + 3,
                fields[separator + 1] == "cgroup2"
            else { return nil }
            let options = Set(fields[separator + 3].split(separator: ","))
            self.init(
                localEvents: options.contains("memory_localevents"),
                recursiveProtection: options.contains("memory_recursiveprot"),
                namespaceDelegation: options.contains("nsdelegate")
            )
            return
        }
        return nil
    }
}
