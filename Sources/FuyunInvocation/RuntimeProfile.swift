public import MemoryUnits

/// What runs a function, as far as its memory is concerned.
public enum RuntimeKind: String, Hashable, Sendable, CaseIterable {
    /// C, C++, Rust, Swift and the like: memory goes back when it is freed.
    case native
    /// CPython.
    case python
    /// Node.js: V8 sizes its heap once, from the limit that it finds when it starts.
    case node
    /// A Java virtual machine: sizes its heap once, from the limit that it finds when it starts.
    case jvm
    /// Go: grows its heap by a share of what lives, whatever the limit.
    case go

    /// Reads a runtime as platforms name it (`python:3.12`, `nodejs:20`, `java:17`, `go:1.22`, `rust`); nil for others.
    public init?(named name: String) {
        let word = name.lowercased().prefix { $0.isLetter || $0 == "+" }
        switch word {
        case "python", "pypy": self = .python
        case "node", "nodejs", "deno", "bun", "javascript", "typescript": self = .node
        case "java", "jvm", "kotlin", "scala", "openjdk", "quarkus": self = .jvm
        case "go", "golang": self = .go
        case "native", "rust", "c", "c++", "cpp", "swift", "zig", "binary": self = .native
        default: return nil
        }
    }

    /// Reads the name of a process (`/proc/PID/comm`); nil for one that says nothing, such as a shell or the shim.
    ///
    /// A Go program has a name of its own and cannot be told from any other.
    public init?(processName name: String) {
        let name = name.hasSuffix("\n") ? String(name.dropLast()) : name
        if name.hasPrefix("python") || name.hasPrefix("pypy") || name.hasPrefix("gunicorn") || name == "uwsgi" {
            self = .python
        } else if name == "node" || name == "nodejs" || name == "MainThread" || name == "deno" || name == "bun" {
            self = .node
        } else if name == "java" {
            self = .jvm
        } else {
            return nil
        }
    }
}

/// What follows from a runtime for limits.
public struct RuntimeProfile: Hashable, Sendable {
    /// How the runtime was found out.
    public enum Source: String, Hashable, Sendable {
        /// The operator said so.
        case configuration
        /// The container's processes say so.
        case process
        /// Nobody does: taken for native.
        case assumed
    }

    /// The runtime.
    public var kind: RuntimeKind
    /// How it was found out.
    public var source: Source

    /// Makes a profile.
    public init(_ kind: RuntimeKind, source: Source) {
        self.kind = kind
        self.source = source
    }

    /// Whether the limit of a warm container may go below the one that it started with.
    ///
    /// Not for a JVM: it collects garbage when its heap is full, and how large that may be it has decided at its start.
    /// Under a lower limit it is killed, or saved, for memory that it did not need.
    public var mayLower: Bool { kind != .jvm }

    /// The least limit that makes sense: what the runtime takes before its first line of the function.
    public var startFloor: Bytes {
        switch kind {
        case .native: .mebibytes(4)
        case .go: .mebibytes(8)
        case .python: .mebibytes(16)
        case .node: .mebibytes(48)
        case .jvm: .mebibytes(96)
        }
    }

    /// Whether a raise gives the heap more room; false for a heap that was sized when the process started.
    public var raiseGrowsHeap: Bool { kind != .node && kind != .jvm }

    /// What an operator should know, in sentences.
    public var advice: [String] {
        switch kind {
        case .native, .python: []
        case .go:
            ["Go's heap may double between collections; GOMEMLIMIT at nine tenths of the usual limit keeps it below."]
        case .node:
            [
                "V8 sized its heap when the process started, from the limit that it found then: a raise saves native memory "
                    + "and buffers, not a full heap (exit 134, `heap out of memory`).",
                "Start containers at their ceiling, or set --max-old-space-size.",
            ]
        case .jvm:
            [
                "The JVM sized its heap when it started (MaxRAMPercentage of the limit that it found then): a raise does not "
                    + "make it larger, and the limit of a warm container is left at its ceiling.",
                "To have it follow the input, start one JVM per call, or set -Xmx and declare the runtime native.",
            ]
        }
    }
}
