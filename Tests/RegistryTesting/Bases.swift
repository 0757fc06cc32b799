import Synchronization

/// The addresses of a case's servers, which are put into its answers once all of them are known.
final class Bases: Sendable {
    private let scheme: String
    private let hosts = Mutex<[RegistryCase.Place: String]>([:])

    init(scheme: String) { self.scheme = scheme }

    func set(_ hosts: [RegistryCase.Place: String]) { self.hosts.withLock { $0 = hosts } }

    /// The text with addresses in the places of their names.
    func fill(_ text: String) -> String {
        var text = text
        for (place, host) in hosts.withLock({ $0 }) {
            text = text.replacing("{\(place.rawValue)_HOST}", with: host)
            text = text.replacing("{\(place.rawValue)}", with: "\(scheme)://\(host)")
        }
        return text
    }
}
