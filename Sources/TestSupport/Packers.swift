import Foundation
import TalosModel

/// The programs that pack the pieces of a release, with the options that make their output repeat.
struct Packers {
    private let tar: ExternalProgram
    private let gzip: ExternalProgram
    private let cpio: ExternalProgram
    private let zstd: ExternalProgram
    private let xz: ExternalProgram
    private let mksquashfs: ExternalProgram
    private let touch: ExternalProgram
    private let depmod: ExternalProgram

    init() throws(TestSupportError) {
        tar = try ExternalProgram("tar", package: "tar")
        gzip = try ExternalProgram("gzip", package: "gzip")
        cpio = try ExternalProgram("cpio", package: "cpio")
        zstd = try ExternalProgram("zstd", package: "zstd")
        xz = try ExternalProgram("xz", package: "xz-utils")
        mksquashfs = try ExternalProgram("mksquashfs", package: "squashfs-tools")
        touch = try ExternalProgram("touch", package: "coreutils")
        depmod = try ExternalProgram("depmod", package: "kmod")
    }

    /// An OCI layer: a tar without its leading "./" and without times.
    func layer(_ tree: FileTree, to path: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: tree.root).sorted()
        try tar(
            [
                "--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0",
                "--file", path, "--",
            ] + names, in: tree.root)
    }

    /// A copy in gzip's form, without name and time.
    func compressWithGzip(_ source: String, to path: String) throws {
        try gzip(["--no-name", "-6", "--stdout", source], output: path)
    }

    /// A root file system, in the compression of the version's class.
    func squash(_ tree: FileTree, to path: String, version: TalosVersion) throws {
        let compression =
            version.isAtLeast(1, 8)
            ? ["-comp", "zstd", "-Xcompression-level", "18"] : ["-comp", "xz", "-Xdict-size", "100%"]
        try mksquashfs(
            [tree.root, path, "-all-root", "-noappend", "-no-progress", "-quiet", "-mkfs-time", "0", "-all-time", "0"]
                + compression)
    }

    /// An initramfs: a newc archive of the tree, its root as "." first, in the compression of the version's class.
    func initramfs(_ tree: FileTree, to path: String, version: TalosVersion) throws {
        let names = ["."] + (try tree.names())
        let list = "\(path).names"
        let archive = "\(path).cpio"
        defer { for file in [list, archive] { try? FileManager.default.removeItem(atPath: file) } }
        try touch(["--no-dereference", "--date=@0", "--"] + names, in: tree.root)
        try Data(names.joined(separator: "\n").utf8 + [UInt8(ascii: "\n")]).write(to: URL(fileURLWithPath: list))
        try cpio(
            ["--create", "--format=newc", "--reproducible", "--owner=+0:+0", "--quiet"], in: tree.root, input: list,
            output: archive)
        if version.isAtLeast(1, 8) {
            try zstd(["-18", "-T1", "--stdout", "--quiet", archive], output: path)
        } else {
            try xz(["--check=crc32", "-0", "--extreme", "--threads=1", "--stdout", archive], output: path)
        }
    }

    /// Writes `modules.dep` and its like into the tree whose modules are under `lib/modules` of `folder`.
    func indexModules(in folder: String, release: String) throws {
        try depmod(["--all", "--basedir", folder, release])
    }
}
