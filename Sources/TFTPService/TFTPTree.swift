import NetworkTypes
import TFTP

/// What a TFTP server serves: names, and the content behind them.
public protocol TFTPTree: Sendable {
    /// The content of `name` for `client`, which asked our address `server`; or nil if there is no such file.
    ///
    /// It may wait, for instance for content that is being made; the client retries its request meanwhile, and is answered
    /// once. A thrown error ends the request with "not available", and its text goes to the log.
    func open(_ name: TFTPFileName, client: SocketEndpoint, server: IPv4Address) async throws -> TFTPContent?
}
