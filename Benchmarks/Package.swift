// swift-tools-version: 6.2
import PackageDescription

// Benchmarks of Fuyun's parts, each next to a rival in the same run. `Benchmarks/run` installs what they need, builds and
// runs them. A package of its own, so that nobody who builds Fuyun needs the rivals.

let policy = Target.Dependency.product(name: "FuyunPolicy", package: "fuyun")

let package = Package(
    name: "fuyun-benchmarks",
    dependencies: [.package(name: "fuyun", path: "..")],
    targets: [
        .target(
            name: "CSimdjson",
            // The rival gets this machine's best instructions.
            cxxSettings: [.unsafeFlags(["-O3", "-march=native"])],
            linkerSettings: [.linkedLibrary("simdjson")]
        ),
        .target(name: "CAllocations"),
        .target(name: "BenchmarkSupport"),
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
