// swift-tools-version: 6.2
import PackageDescription

// Four floors, all arrows down (docs/architecture.md). A target may import exactly what it lists here:
// `--explicit-target-dependency-import-check error` turns anything else into a build failure.

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let realModule = Target.Dependency.product(name: "RealModule", package: "swift-numerics")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "fuyun",
    products: [
        .executable(name: "fuyun", targets: ["fuyun"]),
        .executable(name: "fuyun-coordinator", targets: ["fuyun-coordinator"]),
        .executable(name: "fuyun-agent", targets: ["fuyun-agent"]),
        .executable(name: "fuyun-shim", targets: ["fuyun-shim"]),
        .library(name: "FuyunPolicy", targets: ["FuyunPolicy"]),
        .library(name: "FuyunAgent", targets: ["FuyunAgent"]),
        .library(name: "FuyunCoordinator", targets: ["FuyunCoordinator"]),
        .library(name: "FuyunProtocol", targets: ["FuyunProtocol"]),
        .library(name: "FuyunStore", targets: ["FuyunStore"]),
        .library(name: "FuyunTuning", targets: ["FuyunTuning"]),
        .library(name: "PrometheusMetrics", targets: ["PrometheusMetrics"]),
        .library(name: "FuyunTestSupport", targets: ["FuyunTestSupport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Floor 0: C, and units.
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .target(name: "CLinux"),
        .target(name: "MemoryUnits"),

        // Floor 1: pure logic and kernel edges.
        .target(name: "FuyunPolicy", dependencies: ["MemoryUnits", realModule]),
        .target(name: "Cgroup", dependencies: ["CLinux", "MemoryUnits", systemPackage]),
        .target(name: "Systemd", dependencies: ["CSystemd", "MemoryUnits", logging, lifecycle]),
        .target(name: "PrometheusMetrics", dependencies: [metrics]),
        .target(name: "FuyunTuning", dependencies: ["FuyunPolicy", "MemoryUnits", realModule]),
        .target(name: "FuyunDrafter", dependencies: ["FuyunPolicy", "MemoryUnits"]),
        .target(name: "SourceArchive", dependencies: ["CArchive", "FuyunDrafter", "MemoryUnits", systemPackage]),

        // Floor 2: values and wires.
        .target(name: "FuyunInvocation", dependencies: ["Cgroup", "FuyunPolicy", "MemoryUnits"]),
        .target(name: "FuyunProtocol", dependencies: ["FuyunPolicy", "MemoryUnits", nioCore]),
        .target(name: "FuyunStore", dependencies: ["FuyunPolicy", "FuyunProtocol", "MemoryUnits", grdb]),
        .target(name: "Settings", dependencies: ["FuyunPolicy", "MemoryUnits", configuration, logging]),
        .target(
            name: "CoordinatorClient",
            dependencies: [
                "FuyunPolicy", "FuyunProtocol", "MemoryUnits", asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix,
                nioSSL,
            ]
        ),
        .target(
            name: "ModelClient",
            dependencies: [
                "FuyunDrafter", "FuyunPolicy", "MemoryUnits", asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix,
                nioSSL,
            ]
        ),
        .target(
            name: "FuyunReplay",
            dependencies: [
                "FuyunInvocation", "FuyunPolicy", "FuyunProtocol", "FuyunTuning", "MemoryUnits", nioCore, realModule,
            ]
        ),
        .target(name: "FuyunClient", dependencies: ["FuyunPolicy", "FuyunProtocol", nioCore, nioHTTP1, nioPosix]),

        // Floor 3: the parts that live.
        .target(
            name: "FuyunAgent",
            dependencies: [
                "Cgroup", "CLinux", "CoordinatorClient", "FuyunInvocation", "FuyunPolicy", "FuyunProtocol",
                "MemoryUnits",
                "PrometheusMetrics", "Settings", "Systemd",
                configuration, lifecycle, logging, metrics, nioCore, nioPosix, systemPackage,
            ]
        ),
        .target(
            name: "FuyunCoordinator",
            dependencies: [
                "FuyunDrafter", "ModelClient", "FuyunPolicy", "FuyunProtocol", "FuyunStore", "FuyunTuning",
                "MemoryUnits", "PrometheusMetrics",
                "Settings", "Systemd",
                httpTypes, hummingbird, hummingbirdCore, lifecycle, logging, metrics, nioCore, nioHTTPTypes, nioPosix,
                nioSSL,
            ]
        ),
        .target(
            name: "FuyunShim",
            dependencies: [
                "CLinux", "FuyunClient", "FuyunPolicy", "FuyunProtocol", nioCore, nioHTTP1, nioPosix,
            ]
        ),

        // Mains: read the command line, build, run.
        .executableTarget(
            name: "fuyun-agent",
            dependencies: ["FuyunAgent", "FuyunProtocol", "Settings", "Systemd", argumentParser, lifecycle, logging]
        ),
        .executableTarget(
            name: "fuyun-coordinator",
            dependencies: [
                "FuyunCoordinator", "FuyunProtocol", "Settings", "Systemd", argumentParser, lifecycle, logging,
            ]
        ),
        .executableTarget(
            name: "fuyun-shim",
            dependencies: ["FuyunProtocol", "FuyunShim", argumentParser],
            // At a fixed address: half a megabyte of pointers in constants needs no relocation then, which would make it
            // memory of each container's own instead of pages of the file that all shims share.
            linkerSettings: [.unsafeFlags(["-Xclang-linker", "-no-pie"], .when(configuration: .release))]
        ),
        .executableTarget(
            name: "fuyun",
            dependencies: [
                "Cgroup", "CoordinatorClient", "FuyunClient", "FuyunDrafter", "FuyunPolicy", "FuyunProtocol",
                "FuyunReplay", "FuyunTuning", "MemoryUnits", "SourceArchive",
                argumentParser, logging, nioCore, nioPosix, systemPackage,
            ]
        ),

        // Tests.
        .target(
            name: "FuyunTestSupport",
            dependencies: ["MemoryUnits", "FuyunPolicy", "FuyunProtocol", nioCore, nioPosix, systemPackage]
        ),
        .testTarget(name: "MemoryUnitsTests", dependencies: ["MemoryUnits"]),
        .testTarget(name: "FuyunPolicyTests", dependencies: ["FuyunPolicy", "MemoryUnits"]),
        .testTarget(
            name: "CgroupTests",
            dependencies: ["Cgroup", "FuyunTestSupport", "MemoryUnits", systemPackage]
        ),
        .testTarget(
            name: "FuyunTuningTests",
            dependencies: ["FuyunPolicy", "FuyunTuning", "MemoryUnits"],
            exclude: ["data", "reference"]
        ),
        .testTarget(
            name: "FuyunDrafterTests",
            dependencies: ["FuyunDrafter", "FuyunPolicy", "FuyunTuning", "MemoryUnits", "SourceArchive"],
            exclude: ["data"]
        ),
        .testTarget(
            name: "ModelClientTests",
            dependencies: [
                "FuyunDrafter", "FuyunPolicy", "FuyunTestSupport", "MemoryUnits", "ModelClient", logging, nioCore,
                nioHTTP1, nioPosix, nioSSL,
            ]
        ),
        .testTarget(
            name: "FuyunReplayTests",
            dependencies: [
                "FuyunInvocation", "FuyunPolicy", "FuyunProtocol", "FuyunReplay", "FuyunTuning", "MemoryUnits",
            ],
            exclude: ["data", "reference"]
        ),
        .testTarget(
            name: "FuyunStoreTests",
            dependencies: ["FuyunPolicy", "FuyunProtocol", "FuyunStore", "MemoryUnits", grdb]
        ),
        .testTarget(
            name: "CoordinatorClientTests",
            dependencies: [
                "CoordinatorClient", "FuyunPolicy", "FuyunProtocol", "MemoryUnits", logging, nioCore, nioHTTP1,
                nioPosix,
                nioSSL,
            ]
        ),
        .testTarget(
            name: "FuyunCoordinatorTests",
            dependencies: [
                "FuyunCoordinator", "FuyunDrafter", "FuyunPolicy", "FuyunProtocol", "FuyunStore", "FuyunTestSupport",
                "FuyunTuning", "MemoryUnits", "ModelClient", "PrometheusMetrics", "Settings", httpTypes,
                hummingbirdTesting, lifecycle, logging,
                nioCore,
                nioPosix, nioSSL, systemPackage,
            ]
        ),
        .testTarget(name: "SettingsTests", dependencies: ["FuyunPolicy", "MemoryUnits", "Settings", configuration]),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd", logging, lifecycle]),
        .testTarget(
            name: "FuyunInvocationTests",
            dependencies: ["Cgroup", "FuyunInvocation", "FuyunPolicy", "MemoryUnits"]
        ),
        .testTarget(
            name: "FuyunProtocolTests",
            dependencies: ["FuyunPolicy", "FuyunProtocol", "MemoryUnits", nioCore]
        ),
        .testTarget(
            name: "FuyunShimTests",
            dependencies: [
                "FuyunClient", "FuyunPolicy", "FuyunProtocol", "FuyunShim", "FuyunTestSupport", nioCore, nioHTTP1,
                nioPosix,
            ]
        ),
        .testTarget(
            name: "FuyunAgentTests",
            dependencies: [
                "Cgroup", "CoordinatorClient", "FuyunAgent", "FuyunClient", "FuyunInvocation", "FuyunPolicy",
                "FuyunProtocol", "FuyunTestSupport", "MemoryUnits", "PrometheusMetrics", "Settings", configuration,
                lifecycle, logging, nioCore, nioHTTP1, nioPosix, systemPackage,
            ]
        ),
        .testTarget(
            name: "FuyunCommandTests",
            dependencies: [
                "Cgroup", "FuyunDrafter", "FuyunPolicy", "FuyunReplay", "MemoryUnits", "fuyun", argumentParser, nioCore,
                nioPosix, systemPackage,
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

// One place for the language settings of every Swift target.
for target in package.targets where target.type != .system {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
            .enableUpcomingFeature("ExistentialAny"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
            .enableUpcomingFeature("MemberImportVisibility"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
            .enableUpcomingFeature("InternalImportsByDefault"),
            // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
