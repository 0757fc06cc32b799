import Logging
import NIOCore
import NIOHTTP1
import OCIModel

extension RegistryClient {
    /// Fetches a blob.
    ///
    /// What breaks off goes on where it broke off, at the same place or another one. Length and digest are those of the descriptor, or
    /// it throws; URLs that a descriptor may have beside them are not asked.
    ///
    /// - Parameters:
    ///   - prefix: The beginning of the blob, if some of it is there already. Where it turns out to be another blob's, or the registry
    ///     has no parts to give, the sink is told to begin at 0.
    /// - Throws: ``RegistryError``; `CancellationError`; what the sink throws. After wrong content nothing that the sink got is of any
    ///   use; after all else it is the beginning of the blob, as far as can be known.
    public func blob(
        _ descriptor: Descriptor, of repository: Repository, into sink: some BlobSink,
        after prefix: consuming BlobPrefix? = nil
    ) async throws {
        let receiver = BlobReceiver(descriptor, into: sink, after: prefix)
        let deadline = Deadline(in: limits.blob)
        if receiver.isComplete {
            if receiver.received == 0 { try await sink.begin(at: 0) }
            do { return try receiver.finish(request: "what is here already of \(descriptor.digest)") } catch let error
                as RegistryError
            {
                // A beginning that is wrong is fetched anew; an empty blob has no other bytes.
                guard descriptor.size > 0 else { throw error }
                logger.info("\(error.message); fetched again from its beginning")
            }
        }
        try await first(of: repository, deadline, progress: { receiver.transferred }) { endpoint in
            try await fetch(descriptor, of: repository, at: endpoint, into: receiver, deadline)
        }
    }

    /// Whether a repository has a blob.
    public func hasBlob(_ descriptor: Descriptor, of repository: Repository) async throws -> Bool {
        let deadline = Deadline(in: limits.document)
        do {
            return try await first(of: repository, deadline) { endpoint in
                let request = RequestText.of("\(endpoint.name(of: repository))@\(descriptor.digest)", at: endpoint.host)
                // Leading elsewhere says that it is there; what is signed for GET refuses HEAD.
                let answer = try await conversation.ask(
                    .HEAD, endpoint.url(repository, "blobs/\(descriptor.digest)"), at: endpoint,
                    repository: endpoint.name(of: repository), following: .sameOrigin, deadline: deadline,
                    request: request)
                guard answer.isSuccess || answer.isRedirect else {
                    throw try await conversation.fault(answer, request: request)
                }
                return true
            }
        } catch let error as RegistryError where error.code == .notFound { return false }
    }

    private func fetch(
        _ descriptor: Descriptor, of repository: Repository, at endpoint: Endpoint, into receiver: BlobReceiver,
        _ deadline: Deadline
    ) async throws {
        let request = RequestText.of("\(endpoint.name(of: repository))@\(descriptor.digest)", at: endpoint.host)
        let offset = receiver.received
        var headers = HTTPHeaders()
        if offset > 0 { headers.add(name: "range", value: ByteRange.field(from: offset, size: descriptor.size)) }
        // From the registry on each time: where it leads to is good for minutes only.
        let answer = try await conversation.ask(
            .GET, endpoint.url(repository, "blobs/\(descriptor.digest)"), headers: headers, at: endpoint,
            repository: endpoint.name(of: repository), deadline: deadline, request: request)
        switch BlobAnswer(status: answer.status, headers: answer.headers, offset: offset, size: descriptor.size) {
        case .whole(let encoding, let length):
            try await receiver.startOver(from: endpoint.host, encoding: encoding, length: length)
        case .rest: try await receiver.goOn(from: endpoint.host)
        case .noSuchRange:
            receiver.forget()
            throw RegistryError(
                .brokenAnswer, "\(request) has nothing behind its first \(offset) bytes", status: answer.status)
        case .contradiction(let problem):
            throw RegistryError(
                .wrongContent, "\(request) answers with what cannot be it: \(problem)", status: answer.status)
        case .failure: throw try await conversation.fault(answer, request: request)
        }
        try await receive(answer, into: receiver, deadline, request: request)
        try receiver.finish(request: request)
    }

    private func receive(
        _ answer: Answer, into receiver: BlobReceiver, _ deadline: Deadline, request: String
    ) async throws {
        var floor = RateFloor(bytesPerSecond: limits.leastRate, window: limits.rateWindow)
        var ready = ContinuousClock.now
        try await answer.read(request: request) { buffer in
            let waited = ready.duration(to: .now)
            guard floor.add(buffer.readableBytes, waited: waited) else {
                throw RegistryError(.timedOut, "\(request) brings fewer than \(limits.leastRate) bytes per second")
            }
            try deadline.check(request)
            try await receiver.take(buffer, request: request)
            ready = .now
        }
    }
}
