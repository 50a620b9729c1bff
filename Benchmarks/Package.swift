// swift-tools-version: 6.2
import PackageDescription

// Benchmarks of Fuyun's parts, each next to a rival in the same run. `Benchmarks/run` installs what they need, builds and
// runs them. A package of its own, so that nobody who builds Fuyun needs the rivals.

let agent = Target.Dependency.product(name: "FuyunAgent", package: "fuyun")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let policy = Target.Dependency.product(name: "FuyunPolicy", package: "fuyun")
let shim = Target.Dependency.product(name: "fuyun-shim", package: "fuyun")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let testSupport = Target.Dependency.product(name: "FuyunTestSupport", package: "fuyun")

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
