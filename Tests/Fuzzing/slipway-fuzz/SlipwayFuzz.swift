import FuzzTargets
import Glibc

#if COVERAGE_GUIDED
    import CLibFuzzer
#endif

/// Feeds one decoder with inputs: `slipway-fuzz list`, `slipway-fuzz TARGET FILE…`, and, where libFuzzer is linked in,
/// `slipway-fuzz TARGET -option… FOLDER…` with libFuzzer's options.
@main struct SlipwayFuzz {
    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 2, arguments[1] == "list" {
            for target in FuzzTarget.allCases { print(target.rawValue) }
            return
        }
        guard arguments.count > 1, let target = FuzzTarget(rawValue: arguments[1]) else {
            print("usage: slipway-fuzz list | TARGET [libFuzzer's options and folders]")
            exit(2)
        }
        chosen = target
        #if COVERAGE_GUIDED
            var words: [UnsafeMutablePointer<CChar>?] = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) }
            var count = Int32(words.count)
            words.append(nil)
            let status = words.withUnsafeMutableBufferPointer { buffer in
                var start = buffer.baseAddress
                return LLVMFuzzerRunDriver(&count, &start) { bytes, length in
                    SlipwayFuzz.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: length)))
                    return 0
                }
            }
            exit(status)
        #else
            print("this build has no libFuzzer; 'make fuzz' makes one that has")
            exit(2)
        #endif
    }

    /// libFuzzer's callback carries no context. It is set once, before the first call.
    nonisolated(unsafe) private static var chosen = FuzzTarget.allCases[0]
}
