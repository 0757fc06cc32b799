/// What is asked and of whom, as the beginning of a message: `ghcr.io, asked for siderolabs/imager:v1.13.5,`.
enum RequestText {
    static func of(_ what: String, at host: RegistryHost) -> String { "\(host), asked for \(what)," }
}
