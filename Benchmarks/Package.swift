// swift-tools-version: 6.2
import PackageDescription

// The measurements, apart from the product so that neither waits for the other's build: they run built programs as processes
// and look at them from outside.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "slipway-benchmarks",
    targets: [
        /** Many datagrams with one system call, which Swift's Glibc module leaves out. */
        .target(name: "CDatagrams"),
        /** Clients that load a server, and what a process has used. */
        .target(name: "Loads", swiftSettings: strict),
        /** Many TFTP clients at once. */
        .executableTarget(name: "tftp-load", dependencies: ["Loads"], swiftSettings: strict),
        /** What UDP costs without a TFTP server around it. */
        .executableTarget(name: "udp-floor"),
        /** Many machines that say DISCOVER, through a relay. */
        .executableTarget(name: "dhcp-load", dependencies: ["CDatagrams", "Loads"], swiftSettings: strict),
        /** Every measurement with its peer, as a table and as JSON. */
        .executableTarget(name: "slipway-bench", dependencies: ["Loads"], swiftSettings: strict),
    ]
)
