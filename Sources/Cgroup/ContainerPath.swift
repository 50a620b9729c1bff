/// A container, as its cgroup's path tells it.
public struct ContainerPath: Hashable, Sendable {
    /// Who made the cgroup.
    public enum Runtime: String, Hashable, Sendable {
        /// Docker.
        case docker
        /// containerd through the Kubernetes interface, or nerdctl.
        case containerd
        /// CRI-O.
        case crio
        /// Podman and other users of libpod.
        case libpod
        /// Anyone: a cgroup under a root that the operator named.
        case plain
    }

    /// A part of the tree in which every cgroup counts as a container, whatever its name: `faas.slice` (its direct
    /// children are containers, whatever they hold inside) or `faas.slice/**` (the leaves are, at any depth).
    public struct PlainRoot: Hashable, Sendable {
        /// The path from the mount point, without leading or trailing slash.
        public var path: String
        /// Whether containers lie at any depth.
        public var nested: Bool

        /// Makes a root.
        public init(path: String, nested: Bool) {
            self.path = path
            self.nested = nested
        }

        /// Reads the way an operator writes it; nil when it is empty, names the root of the tree or contains `..`.
        public init?(_ text: String) {
            var parts = text.split(separator: "/")
            let nested = parts.last == "**"
            if nested { parts.removeLast() }
            guard !parts.isEmpty, !parts.contains(".."), !parts.contains(where: { $0.contains("*") }) else {
                return nil
            }
            self.init(path: parts.joined(separator: "/"), nested: nested)
        }
    }

    /// Who made the cgroup.
    public var runtime: Runtime
    /// The container's id: 64 hexadecimal digits, or, for `plain`, the path below its root.
    public var id: String
    /// The Kubernetes pod's uid with `-`, when the path has one.
    public var podUID: String?
    /// The container's cgroup, from the mount point; the one whose name or place says that it is a container.
    ///
    /// Processes may live deeper: crun makes `<scope>/container`.
    public var path: String

    /// Makes a container's identity.
    public init(runtime: Runtime, id: String, podUID: String? = nil, path: String) {
        self.runtime = runtime
        self.id = id
        self.podUID = podUID
        self.path = path
    }

    /// The name of the sub-cgroup in which crun puts a container's processes where systemd manages cgroups.
    public static let crunLeaf = "container"

    /// Finds the container that a cgroup belongs to: the deepest component of the path that is one, so a peer deep inside of
    /// a container is that container, and a container in a container is itself.
    ///
    /// - Parameters:
    ///   - path: A cgroup's path from the mount point, with or without a leading slash.
    ///   - plainRoots: Further parts of the tree in which cgroups are containers.
    /// - Returns: Nil when the path belongs to no container: services, users, slices and the monitors (conmon) of containers.
    ///   A Kubernetes sandbox looks like a container: only the container runtime can tell them apart.
    public static func parse(_ path: String, plainRoots: [PlainRoot] = []) -> ContainerPath? {
        let parts = path.split(separator: "/")
        guard !parts.contains("..") else { return nil }
        for index in parts.indices.reversed() {
            let name = parts[index]
            if isMonitor(name) { return nil }
            guard let (runtime, id) = container(name, parents: parts[..<index]) else { continue }
            let scope = parts[...index].joined(separator: "/")
            return ContainerPath(runtime: runtime, id: String(id), podUID: podUID(parts[..<index]), path: scope)
        }
        return plain(parts, plainRoots)
    }

    private static let prefixes: [(String, Runtime)] = [
        ("docker-", .docker), ("cri-containerd-", .containerd), ("nerdctl-", .containerd), ("crio-", .crio),
        ("libpod-payload-", .libpod), ("libpod-", .libpod),
    ]

    /// What one component says, in the light of those above it.
    private static func container(
        _ name: Substring,
        parents: ArraySlice<Substring>
    ) -> (runtime: Runtime, id: Substring)? {
        let stem = name.hasSuffix(".scope") ? name.dropLast(6) : name
        for (prefix, runtime) in prefixes where stem.hasPrefix(prefix) {
            let id = stem.dropFirst(prefix.count)
            if isID(id) { return (runtime, id) }
        }
        guard stem == name, isID(name) else { return nil }
        // Without systemd the last component is the bare id; the parent tells whose it is.
        return (parents.contains { $0.hasPrefix("kubepods") } ? .containerd : .docker, name)
    }

    private static func isMonitor(_ name: Substring) -> Bool {
        name.hasPrefix("crio-conmon-") || name.hasPrefix("libpod-conmon-")
    }

    private static func plain(_ parts: [Substring], _ roots: [PlainRoot]) -> ContainerPath? {
        for root in roots {
            let prefix = root.path.split(separator: "/")
            guard parts.count > prefix.count, Array(parts.prefix(prefix.count)) == prefix else { continue }
            var below = parts.dropFirst(prefix.count)
            if !root.nested {
                below = below.prefix(1)
            } else if below.count > 1, below.last == crunLeaf[...] {
                below = below.dropLast()
            }
            return ContainerPath(
                runtime: .plain,
                id: below.joined(separator: "/"),
                path: (prefix + below).joined(separator: "/")
            )
        }
        return nil
    }

    /// 64 lower-case hexadecimal digits.
    private static func isID(_ text: Substring) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy(isHexadecimal)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    /// The nearest `…pod<uid>…` above; systemd slices have `_` where the uid has `-`.
    private static func podUID(_ parents: ArraySlice<Substring>) -> String? {
        for name in parents.reversed() {
            let stem = name.hasSuffix(".slice") ? name.dropLast(6) : name
            guard stem.utf8.count >= 39 else { continue }
            let uid = stem.suffix(36)
            guard stem.dropLast(36).hasSuffix("pod") else { continue }
            let good = uid.utf8.enumerated().allSatisfy { offset, byte in
                [8, 13, 18, 23].contains(offset) ? byte == 0x2D || byte == 0x5F : isHexadecimal(byte)
            }
            if good { return String(uid.map { $0 == "_" ? "-" : $0 }) }
        }
        return nil
    }
}
