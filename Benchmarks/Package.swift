// swift-tools-version: 6.2
import PackageDescription

// Benchmarks of Fuyun's parts, each next to a rival in the same run. `Benchmarks/run` installs what they need, builds and
// runs them. A package of its own, so that nobody who builds Fuyun needs the rivals.

let agent = Target.Dependency.product(name: "FuyunAgent", package: "fuyun")
let coordinator = Target.Dependency.product(name: "FuyunCoordinator", package: "fuyun")
let coordinatorProgram = Target.Dependency.product(name: "fuyun-coordinator", package: "fuyun")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "PrometheusMetrics", package: "fuyun")
let policy = Target.Dependency.product(name: "FuyunPolicy", package: "fuyun")
let protocolValues = Target.Dependency.product(name: "FuyunProtocol", package: "fuyun")
let shim = Target.Dependency.product(name: "fuyun-shim", package: "fuyun")
let store = Target.Dependency.product(name: "FuyunStore", package: "fuyun")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let testSupport = Target.Dependency.product(name: "FuyunTestSupport", package: "fuyun")
let tuning = Target.Dependency.product(name: "FuyunTuning", package: "fuyun")

let package = Package(
    name: "fuyun-benchmarks",
    dependencies: [
        .package(name: "fuyun", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    ],
    targets: [
        .target(
            name: "CSimdjson",
            // The rival gets this machine's best instructions.
            cxxSettings: [.unsafeFlags(["-O3", "-march=native"])],
            linkerSettings: [.linkedLibrary("simdjson")]
        ),
        .target(name: "CAllocations"),
        .target(name: "CLoad", cSettings: [.unsafeFlags(["-O2"])]),
        .target(name: "BenchmarkSupport"),
        // What the socket benchmarks share: an agent and a shim in processes of their own, and the client.
        .target(name: "Rig", dependencies: ["BenchmarkSupport", "CLoad", systemPackage, testSupport]),
        .executableTarget(name: "benchmark-agent", dependencies: ["Rig", agent, logging, systemPackage]),
        .executableTarget(name: "begin", dependencies: ["BenchmarkSupport", "Rig", "benchmark-agent"]),
        .executableTarget(name: "memory", dependencies: ["BenchmarkSupport", "Rig", "benchmark-agent", shim]),
        .executableTarget(name: "pairs", dependencies: ["BenchmarkSupport", "Rig", "benchmark-agent"]),
        .executableTarget(name: "shim", dependencies: ["BenchmarkSupport", "Rig", "benchmark-agent", shim]),
        // The same for those that talk to a coordinator, which runs in a process of its own.
        .target(name: "CoordinatorRig", dependencies: ["BenchmarkSupport"]),
        .executableTarget(name: "fanout", dependencies: ["BenchmarkSupport", "CoordinatorRig", coordinatorProgram]),
        .executableTarget(
            name: "http-ingest",
            dependencies: ["BenchmarkSupport", "CoordinatorRig", coordinatorProgram]
        ),
        .executableTarget(name: "ingest", dependencies: ["BenchmarkSupport", policy, protocolValues, store]),
        .executableTarget(name: "refit", dependencies: ["BenchmarkSupport", policy, tuning]),
        .executableTarget(name: "sizing", dependencies: ["BenchmarkSupport", policy, tuning]),
        .executableTarget(
            name: "tuner-scale",
            dependencies: ["BenchmarkSupport", coordinator, logging, metrics, policy, protocolValues, store]
        ),
        .executableTarget(name: "decide", dependencies: ["BenchmarkSupport", "CAllocations", policy]),
        // Some files of these are links to the tests' own generators, so that both try the same documents.
        .executableTarget(name: "fuzz", dependencies: ["BenchmarkSupport", policy]),
        .executableTarget(name: "scan", dependencies: ["BenchmarkSupport", "CAllocations", "CSimdjson", policy]),
    ],
    cxxLanguageStandard: .cxx17
)

for target in package.targets {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"), .treatAllWarnings(as: .error),
        ]
}
