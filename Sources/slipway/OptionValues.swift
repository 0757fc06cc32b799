import ArgumentParser
import Assembly
import NetworkTypes
import TalosModel

/// Readers of values on the command line. What they refuse is told with what would be right; the parser adds option and value.
enum OptionValues {
    /// A help text with the default, which the parser shows by itself only for options that it reads by itself.
    static func help(_ text: String, default value: some CustomStringConvertible, _ name: String) -> ArgumentHelp {
        ArgumentHelp("\(text) (default: \(value))", valueName: name)
    }

    /// A number of a range, in digits.
    static func number<Number: FixedWidthInteger & Sendable>(
        _ range: ClosedRange<Number>
    ) -> @Sendable (String) throws -> Number {
        { text in
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            guard text.utf8.allSatisfy(digits.contains), let number = Number(text), range.contains(number) else {
                throw ValidationError("write a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// A file or folder. An empty name would be the folder that a command happens to run in; it comes of a variable without a
    /// value.
    @Sendable static func path(_ text: String) throws -> String {
        guard !text.isEmpty else { throw ValidationError("it is empty; name a file or folder, . for the current one") }
        return text
    }

    @Sendable static func baseURL(_ text: String) throws -> BaseURL {
        do { return try BaseURL(parsing: text) } catch { throw ValidationError("\(error)") }
    }

    /// The URL of a running daemon, which speaks plain HTTP.
    @Sendable static func daemonURL(_ text: String) throws -> BaseURL {
        let url = try baseURL(text)
        guard url.scheme == .http else {
            throw ValidationError("the daemon speaks plain HTTP; name it as in http://10.77.0.2:8080")
        }
        return url
    }

    /// The name of an asset, as it was written.
    @Sendable static func asset(_ text: String) throws -> String {
        do { _ = try Appliance.asset(named: text) } catch { throw ValidationError("\(error)") }
        return text
    }

    @Sendable static func version(_ text: String) throws -> TalosVersion {
        do { return try TalosVersion(parsing: text) } catch { throw ValidationError("\(error)") }
    }

    @Sendable static func versionSelector(_ text: String) throws -> VersionSelector {
        do { return try VersionSelector(parsing: text) } catch { throw ValidationError("\(error)") }
    }

    @Sendable static func mac(_ text: String) throws -> MACAddress {
        guard let mac = MACAddress(parsing: text) else {
            throw ValidationError("write six pairs of hexadecimal digits, as in 52:54:00:12:34:56")
        }
        if let obstacle = mac.obstacle { throw ValidationError("\(obstacle); write the machine's own") }
        return mac
    }

    @Sendable static func uuid(_ text: String) throws -> SystemUUID {
        guard let uuid = SystemUUID(parsing: text) else {
            throw ValidationError("write the SMBIOS UUID, as in 4c4c4544-0039-4b10-8035-b3c04f4d3132")
        }
        return uuid
    }
}
