// swift-tools-version: 6.2
import PackageDescription

// The map of Slipway. Each target depends only on targets above it; docs/how-booting-works.md walks through them along one
// machine's boot.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let coreMetrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")

let package = Package(
    name: "slipway",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
        .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
        .package(url: "https://github.com/apple/swift-metrics", .upToNextMinor(from: "2.13.0")),
        .package(url: "https://github.com/apple/swift-system", .upToNextMinor(from: "1.8.1")),
        .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
        .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.6")),
        .package(url: "https://github.com/apple/swift-nio-extras", .upToNextMinor(from: "1.35.2")),
        .package(url: "https://github.com/apple/swift-http-types", .upToNextMinor(from: "1.8.0")),
        .package(url: "https://github.com/swift-server/async-http-client", .upToNextMinor(from: "1.37.0")),
        .package(url: "https://github.com/hummingbird-project/hummingbird", .upToNextMinor(from: "2.28.1")),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
    ],
    targets: [
        // MARK: - C libraries
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLZMA", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        /** What Swift's Glibc module leaves out of Linux: batches of datagrams, openat2, starting programs. */
        .target(name: "CLinux"),

        // MARK: - Ground
        /** Reading untrusted bytes without traps, writing them, hexadecimal. */
        library("Bytes"),
        /** SHA-256, by which content is named everywhere, and SHA-512. */
        library("Digests", ["Bytes", "COpenSSL"]),
        /** MAC and IPv4 addresses, SMBIOS UUIDs, URLs and paths of the appliance. */
        library("NetworkTypes", ["Bytes"]),
        /** Open files and folders: one owner of a descriptor, opened with care, and the state of what it is. */
        library("Files", ["CLinux", system]),
        /** Assets as ordered lists of immutable segments. */
        library("Compositions", ["Bytes", "Digests", "Files", system]),
        /** The two ways off the cooperative pool: bounded work that blocks or computes, and threads of servers' own. */
        library("Workers", ["CLinux", .product(name: "NIOPosix", package: "swift-nio")]),
        /** Programs run to their end, confined or not. */
        library("Programs", ["CLinux"]),
        /** When to look at folders again. */
        library("FolderChanges", ["Workers"]),
        /** What errors of all modules have: a code, a sentence, and what lies beneath. */
        library("Errors"),
        /** zstd, xz and gzip as streams, with limits. */
        library("Compression", ["CZstd", "CLZMA", "CZlib"]),

        // MARK: - Formats: bytes in, values out
        /** YAML as go-yaml reads and prints it, byte for byte. */
        library("CanonicalYAML"),
        /** Schematics and their IDs; manifests of system extensions. */
        library("Schematics", ["CanonicalYAML", "Digests"]),
        /** Talos itself: versions and what they changed, platforms, asset paths, kernel command lines, META. */
        library("TalosModel", ["Bytes", "Digests"]),
        /** newc archives, as the kernel unpacks them. */
        library("CPIO", ["Bytes"]),
        /** tar archives, as OCI layers are. */
        library("TarArchives", ["Bytes"]),
        /** SquashFS 4.0 images, planned and then streamed. */
        library("SquashFS", ["Bytes"]),
        /** The image specification's documents: descriptors, indexes, manifests, references. */
        library("OCIModel", ["Bytes", "Digests"]),
        /** DHCP messages and the frames around them. */
        library("DHCP", ["Bytes", "NetworkTypes"]),
        /** TFTP packets, and a transfer as a state machine. */
        library("TFTP", ["Bytes"]),
        /** What headers ask of a representation: ranges, conditions, dates. */
        library("HTTPSemantics", [.product(name: "HTTPTypes", package: "swift-http-types")]),
        /** iPXE scripts. */
        library("IPXE", ["NetworkTypes", "TalosModel"]),

        // MARK: - Domain
        /** A content-addressed folder that a kill at any moment leaves whole. */
        library("Stores", ["CLinux", "Compositions", "Digests", "Errors", "Files", system]),
        /** Whose images are used, and what has been checked about an image, in its type. */
        library("Trust", ["Compositions", "Digests", "OCIModel"]),
        /** Registries of images: who they are, what is asked of them, and that what comes is what was asked for. */
        library(
            "Registries",
            [
                "Bytes", "Compression", "Digests", "Errors", "NetworkTypes", "OCIModel", "Programs", "Workers", logging,
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        /** Talos releases in the store: imported, listed, found. */
        library(
            "Releases",
            [
                "Workers", "CanonicalYAML", "Compositions", "Compression", "Digests", "Errors", "Files",
                "FolderChanges", "OCIModel", "Registries", "Stores", "TalosModel", "TarArchives", "Trust", system,
                .product(name: "NIOCore", package: "swift-nio"),
            ]),
        /** Initramfs segments: extensions, microcode, modules.dep, the schematic's own. */
        library(
            "Imaging",
            [
                "Bytes", "CLinux", "CPIO", "Compositions", "Compression", "Digests", "Errors", "Files", "Programs",
                "Releases", "Schematics", "SquashFS", "Stores", "TalosModel", "TarArchives", "Trust", system,
            ]),
        /** Schematics in, assets out: plans, joins equal requests, bounds, remembers. */
        library(
            "ImageFactory",
            [
                "Workers", "Compositions", "Digests", "Errors", "Files", "Imaging", "NetworkTypes", "Releases",
                "Schematics", "Stores", "TalosModel", "Trust", logging, metrics, system,
            ]),
        /** Configuration files in YAML: read whole, with the place of everything in them and all that is wrong. */
        library("ConfigurationYAML", ["CYAML", "CanonicalYAML", "Files", system]),
        /** The machines file: who boots what. */
        library(
            "Machines",
            [
                "Bytes", "CanonicalYAML", "Files", "FolderChanges", "IPXE", "NetworkTypes", "Schematics", "TalosModel",
                "Workers", system, "ConfigurationYAML",
            ]),
        /** The DHCP proxy's decisions, as functions of values. */
        library("Netboot", ["Bytes", "DHCP", "NetworkTypes"]),
        /** Each machine's boot as one story. */
        library("Timelines", ["NetworkTypes", logging]),
        /** What each machine does now, and why: the machines file, the store and the factory together. */
        library(
            "BootPlans",
            [
                "Workers", "Timelines", "Digests", "FolderChanges", "ImageFactory", "IPXE", "Imaging", "Machines",
                "Netboot", "NetworkTypes", "Releases", "Schematics", "Stores", "TalosModel", logging,
            ]),

        /** What an operator can set: declared once, read out of file, environment and flags. */
        library("Settings", ["ConfigurationYAML", "NetworkTypes", logging]),

        // MARK: - Servers
        /** DHCP proxy beside any other server, which it leaves its port, and ear for what others offer. */
        library("DHCPService", ["CLinux", "DHCP", "Netboot", "NetworkTypes", "Timelines", "Workers", logging]),
        /** TFTP for thousands of machines at once. */
        library(
            "TFTPService",
            ["CLinux", "Compositions", "Files", "NetworkTypes", "TFTP", "Workers", logging, system]),
        /** swift-metrics in Prometheus' text format. */
        library("PrometheusMetrics", [coreMetrics]),
        /** HTTP: images, iPXE scripts, schematics, machines, health, metrics. */
        library(
            "Frontends",
            [
                "Workers", "BootPlans", "Timelines", "CLinux", "Compositions", "Digests", "ImageFactory",
                "HTTPSemantics", "IPXE", "Machines", "NetworkTypes", "PrometheusMetrics", "Releases", "Schematics",
                "TalosModel", logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                metrics,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"), system,
            ]),

        // MARK: - Assembly
        /** Settings in, one group of services out; check, explain and build without a daemon. */
        library(
            "Assembly",
            [
                "Workers", "BootPlans", "Timelines", "Compositions", "DHCP", "DHCPService", "Digests", "Files",
                "ConfigurationYAML",
                "ImageFactory", "Frontends", "IPXE", "Imaging", "Machines", "Netboot", "NetworkTypes",
                "PrometheusMetrics",
                "Registries", "Releases", "Schematics", "Settings",
                "Stores", "TFTP", "TFTPService", "TalosModel", logging, metrics,
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        /** The command line, and nothing else. */
        .executableTarget(
            name: "slipway",
            dependencies: [
                "Assembly", "Compositions", "Errors", "Files", "Machines", "NetworkTypes", "OCIModel", "Registries",
                "Releases", "Schematics", "Stores", "TalosModel", logging, argumentParser, system, "ConfigurationYAML",
                "Settings",
            ], swiftSettings: strict),

        // MARK: - A release and a rack to try it with
        /** What only tests need of Linux beyond Swift's Glibc module. */
        .target(name: "CTesting", path: "Tests/CTesting"),
        /** Programs that tests and the lab run: to their end, or as long as they are needed. */
        .target(
            name: "ProgramTesting", dependencies: ["CTesting"], path: "Tests/ProgramTesting", swiftSettings: strict),
        /** A Talos-shaped release out of Debian packages: a real kernel, a base, extensions that load. */
        .target(
            name: "TestSupport", dependencies: ["Bytes", "Digests", "ProgramTesting", "TalosModel"],
            resources: [.copy("Resources")], swiftSettings: strict),
        /** A rack in network namespaces, with machines of real firmware in QEMU. */
        library("LabSupport", ["NetworkTypes", "ProgramTesting", "TalosModel", "TestSupport"]),
        /** Writes that release as an OCI layout. */
        .executableTarget(
            name: "talos-shaped-release", dependencies: ["TalosModel", "TestSupport", argumentParser],
            swiftSettings: strict),
        /** Boots a machine of that rack, for people to watch. */
        .executableTarget(
            name: "slipway-demo", dependencies: ["LabSupport", "NetworkTypes", "TestSupport", argumentParser],
            swiftSettings: strict),

        // MARK: - Tests
        .target(name: "CodecTesting", path: "Tests/CodecTesting", swiftSettings: strict),
        /** A folder of a test's own, and programs that run in it. */
        .target(
            name: "FolderTesting", dependencies: ["ProgramTesting"], path: "Tests/FolderTesting", swiftSettings: strict),
        /** Known answers and captures: a target's own, and those of a further folder. */
        .target(name: "VectorTesting", path: "Tests/VectorTesting", swiftSettings: strict),
        /** Captures of Ethernet frames, and the datagrams in them. */
        .target(
            name: "CaptureTesting", dependencies: ["Bytes", "NetworkTypes"], path: "Tests/CaptureTesting",
            swiftSettings: strict),
        tests("VectorTests", ["VectorTesting"]),
        tests("GroundTests", ["Bytes", "Compositions", "Digests", "Files", "FolderTesting", "NetworkTypes", system]),
        tests("CompressionTests", ["CodecTesting", "Compression", "FolderTesting"]),
        tests("TarArchivesTests", ["Bytes", "CodecTesting", "FolderTesting", "TarArchives"]),
        tests(
            "HTTPSemanticsTests",
            ["CodecTesting", "HTTPSemantics", .product(name: "HTTPTypes", package: "swift-http-types")]),
        tests("CPIOTests", ["Bytes", "CPIO", "CodecTesting", "FolderTesting"]),
        tests(
            "TalosModelTests", ["Bytes", "CZlib", "CodecTesting", "Digests", "TalosModel", "VectorTesting"],
            resources: [.copy("Fixtures")]),
        tests("TFTPTests", ["CodecTesting", "TFTP"]),
        tests(
            "TFTPServiceTests",
            [
                "CodecTesting", "Compositions", "Digests", "Files", "FolderTesting", "NetworkTypes", "ProgramTesting",
                "ServerTesting", "TFTP",
                "TFTPService",
                logging, system,
            ]),
        /** Registries that play what was seen in the field, real ones, and what goes wrong on the way to them. */
        .target(
            name: "RegistryTesting",
            dependencies: [
                "Digests", "FolderTesting", "ProgramTesting", "ServerTesting",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], path: "Tests/RegistryTesting", swiftSettings: strict),
        tests(
            "RegistriesTests",
            [
                "Bytes", "CodecTesting", "Compression", "Digests", "NetworkTypes", "OCIModel", "Registries",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        tests(
            "RegistryServerTests",
            [
                "Digests", "FolderTesting", "OCIModel", "Programs", "Registries", "RegistryTesting", "ServerTesting",
                "VectorTesting", logging, .product(name: "NIOCore", package: "swift-nio"),
            ], resources: [.copy("Fixtures")]),
        tests("OCIModelTests", ["CodecTesting", "Digests", "OCIModel"]),
        tests("StoresTests", ["Compositions", "Digests", "FolderTesting", "ProgramTesting", "Stores"]),
        tests("SquashFSTests", ["Bytes", "CTesting", "CodecTesting", "Compression", "FolderTesting", "SquashFS"]),
        tests("IPXETests", ["IPXE", "TalosModel"]),
        tests(
            "DHCPTests", ["Bytes", "CaptureTesting", "CodecTesting", "DHCP", "NetworkTypes", "VectorTesting"],
            resources: [.copy("Fixtures")]),
        tests(
            "NetbootTests", ["Bytes", "CaptureTesting", "DHCP", "Netboot", "NetworkTypes", "VectorTesting"],
            resources: [.copy("Fixtures")]),
        .executableTarget(
            name: "DHCPRig",
            dependencies: ["Timelines", "Bytes", "CLinux", "DHCPService", "NetworkTypes", "Netboot", logging],
            path: "Tests/DHCPRig", swiftSettings: strict),
        .target(
            name: "NamespaceTesting", dependencies: ["ProgramTesting"], path: "Tests/NamespaceTesting",
            swiftSettings: strict),
        tests(
            "DHCPServiceTests",
            [
                "Timelines", "Bytes", "CLinux", "CaptureTesting", "CodecTesting", "DHCP", "DHCPRig", "DHCPService",
                "NamespaceTesting",
                "NetworkTypes", "Netboot", "ServerTesting", "VectorTesting", logging,
            ]),
        tests("TimelinesTests", ["Timelines", "NetworkTypes", logging]),
        tests("CanonicalYAMLTests", ["CanonicalYAML", "CodecTesting", "VectorTesting"]),
        tests(
            "SchematicsTests", ["Bytes", "CanonicalYAML", "CodecTesting", "Digests", "Schematics", "VectorTesting"],
            resources: [.copy("Fixtures")]),
        .target(
            name: "LayoutBuilding", dependencies: ["Compression", "Digests", "OCIModel", "TarArchives"],
            path: "Tests/LayoutBuilding", swiftSettings: strict),
        tests(
            "ReleasesTests",
            [
                "Workers", "Compositions", "Compression", "Digests", "LayoutBuilding", "OCIModel", "ProgramTesting",
                "Releases", "Stores", "TalosModel", "TarArchives", "Trust",
            ]),
        tests(
            "ImagingTests",
            [
                "CLZMA", "CPIO", "CTesting", "CZstd", "CodecTesting", "Compositions", "Compression", "Digests",
                "Imaging",
                "OCIModel", "ProgramTesting",
                "Releases",
                "Schematics",
                "SquashFS", "Stores", "TalosModel", "TarArchives", "Trust",
            ]),
        tests(
            "LabTests",
            [
                "Compositions", "Digests", "ImageFactory", "Imaging", "LabSupport", "NetworkTypes", "Releases",
                "Schematics", "Stores", "TalosModel", "TestSupport", "Trust", "slipway", logging,
            ]),
        tests(
            "BootPlansTests",
            [
                "BootPlans", "Timelines", "DHCP", "ImageFactory", "IPXE", "Imaging", "LayoutBuilding", "Machines",
                "Netboot", "NetworkTypes",
                "OCIModel", "Releases", "Schematics", "Stores", "TalosModel", logging,
            ]),
        tests(
            "MachinesTests",
            [
                "CodecTesting", "ConfigurationYAML", "FolderTesting", "Machines", "NetworkTypes", "Schematics",
                "TalosModel",
            ],
            resources: [.copy("Fixtures")]),
        tests("SettingsTests", ["CodecTesting", "NetworkTypes", "Settings", logging]),
        tests("WorkersTests", ["Workers"]),
        tests("ProgramsTests", ["FolderTesting", "Programs"]),
        tests("TrustTests", ["Compositions", "Digests", "OCIModel", "Trust"]),
        /** Decoders of hostile bytes, for fuzzing; `make fuzz`. */
        .target(
            name: "FuzzTargets",
            dependencies: [
                "CPIO", "CanonicalYAML", "CaptureTesting", "ConfigurationYAML", "DHCP", "HTTPSemantics", "IPXE",
                "Machines", "NetworkTypes",
                "OCIModel",
                "Schematics", "Settings", "TFTP", "TalosModel", "TarArchives",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], path: "Tests/Fuzzing/FuzzTargets", swiftSettings: strict),
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzzing/CLibFuzzer"),
        .executableTarget(
            name: "slipway-fuzz", dependencies: ["CLibFuzzer", "FuzzTargets"], path: "Tests/Fuzzing/slipway-fuzz",
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["CodecTesting", "FuzzTargets"], path: "Tests/Fuzzing/FuzzTests",
            resources: [.copy("Seeds")], swiftSettings: strict),
        tests(
            "ImageFactoryTests",
            [
                "Workers", "Compositions", "Digests", "ImageFactory", "FolderTesting", "Imaging", "LayoutBuilding",
                "NetworkTypes",
                "Releases",
                "Schematics",
                "Stores",
                "TalosModel", logging,
            ]),
        .target(name: "ServerTesting", path: "Tests/ServerTesting", swiftSettings: strict),
        tests(
            "FrontendsTests",
            [
                "BootPlans", "Timelines", "CodecTesting", "Compositions", "ConfigurationYAML", "Digests",
                "FolderTesting",
                "ImageFactory", "Frontends", "Imaging",
                "LayoutBuilding",
                "Machines", "NetworkTypes", "OCIModel", "PrometheusMetrics", "Releases", "Schematics", "ServerTesting",
                "Stores",
                "TalosModel", logging, coreMetrics, metrics, system,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
            ]),
        tests("AssemblyTests", ["Assembly", "Timelines", "NetworkTypes", "Settings", logging]),
        tests(
            "SlipwayTests",
            [
                "Bytes", "DHCP", "DHCPRig", "Digests", "LayoutBuilding", "NamespaceTesting", "NetworkTypes", "OCIModel",
                "ProgramTesting", "RegistryTesting", "ServerTesting", "VectorTesting", "slipway",
            ], resources: [.copy("Fixtures")]),
        tests("PrometheusMetricsTests", ["PrometheusMetrics", coreMetrics]),
    ]
)
