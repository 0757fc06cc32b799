import Imaging

extension FactoryError {
    /// What imaging refused, as the factory says it: the client's choice, or our trouble. Of trouble with this host the client
    /// is told that it is there; what it is, with the host's paths in it, is for the log.
    init(_ error: ImagingError) {
        switch error.code {
        case .extensionNotAvailable, .embeddedConfigurationNotSupported, .overlayNotSupported, .overlayNotAvailable,
            .tooManyExtensions:
            self.init(.invalidRequest, "error enhancing profile from schematic: \(error.message)")
        case .incompatibleExtension, .unknownPlatform:
            self.init(.invalidRequest, error.message)
        case .kindNotSupported:
            self.init(.notSupported, error.message)
        case .extensionNotImported:
            self.init(.versionNotFound, error.message)
        case .invalidExtension, .limitExceeded:
            self.init(.buildFailed, error.message)
        case .catalogUnreadable:
            self.init(.storage, error.message)
        case .store:
            self.init(.storage, "the store cannot be used; this server's log says why", cause: error)
        case .invalidBase, .missingProgram, .programFailed, .programTimedOut, .cancelled, .temporaryFile, .unexpected:
            self.init(.buildFailed, "the image cannot be made; this server's log says why", cause: error)
        }
    }
}

extension Error {
    /// Whether it says that nobody waits for the work any more.
    var meansCancellation: Bool { self is CancellationError || (self as? ImagingError)?.code == .cancelled }
}
