import CodecTesting
import TFTP
import Testing

@Suite struct TFTPFileNameTests {
    static let names: [([UInt8], String)] = [
        (Array("ipxe.efi".utf8), "ipxe.efi"),
        (Array("/ipxe.efi".utf8), "ipxe.efi"),
        (Array("//a///b/c".utf8), "a/b/c"),
        (Array("\\boot\\x64\\wdsnbp.com".utf8), "boot/x64/wdsnbp.com"),
        (Array("\\/a\\\\b".utf8), "a/b"),
        (Array("./a/./b".utf8), "a/b"),
        (Array("snp.efi?mac=52:54:00".utf8), "snp.efi"),
        (Array("a?/../../etc/passwd".utf8), "a"),
        (Array("undionly.kpxe".utf8) + [0xff], "undionly.kpxe"),
        (Array("undionly.kpxe".utf8) + [0xff, 0xff], "undionly.kpxe"),
        (Array("a..b/...".utf8), "a..b/..."),
        (Array("Größe.img".utf8), "Größe.img"),
        (Array("%2e%2e/x".utf8), "%2e%2e/x"),
        (Array("a/\u{301}b".utf8), "a/\u{301}b"),
        (Array("..\u{301}/b".utf8), "..\u{301}/b"),
    ]

    @Test(arguments: names) func nameBecomesAPath(bytes: [UInt8], path: String) throws {
        #expect(try TFTPFileName(normalizing: bytes).path == path)
    }

    static let refused: [([UInt8], TFTPFileNameError)] = [
        ([], .empty),
        ([0xff], .empty),
        (Array("?x=y".utf8), .empty),
        (Array("/".utf8), .directory),
        (Array("dtb/".utf8), .directory),
        (Array("dtb/.".utf8), .directory),
        (Array(".".utf8), .directory),
        (Array("..".utf8), .leavesTree),
        (Array("../etc/passwd".utf8), .leavesTree),
        (Array("a/../b".utf8), .leavesTree),
        (Array("a\\..\\..\\b".utf8), .leavesTree),
        (Array("..".utf8) + [0xff], .leavesTree),
        (Array("/../".utf8), .leavesTree),
        // Slashes that carry an accent are slashes nevertheless.
        (Array("a/../\u{301}etc".utf8), .leavesTree),
        (Array("../\u{301}".utf8), .leavesTree),
        (Array("\u{301}/..\u{5c}\u{301}".utf8), .leavesTree),
        (Array("a\nb".utf8), .illegalCharacters),
        ([0x61, 0x1b, 0x5b], .illegalCharacters),
        ([0xc3, 0x28], .illegalCharacters),
        ([0xc0, 0xae, 0xc0, 0xae, 0x2f], .illegalCharacters),
        ([UInt8](repeating: 0x61, count: 256), .tooLong),
        (Array(String(repeating: "a/", count: 40).utf8) + [0x62], .tooLong),
    ]

    @Test(arguments: refused) func nameIsRefused(bytes: [UInt8], error: TFTPFileNameError) {
        #expect(throws: error) { try TFTPFileName(normalizing: bytes) }
    }

    @Test(arguments: names) func mutatedNameNeverLeavesTheTree(bytes: [UInt8], path: String) {
        exerciseDecoder(on: bytes) { input in
            let name = try TFTPFileName(normalizing: input)
            #expect(!name.components.isEmpty)
            #expect(name.components.allSatisfy { !["", ".", ".."].contains($0) && !$0.utf8.contains(0x2f) })
        }
    }
}
