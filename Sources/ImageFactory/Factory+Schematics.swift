import Schematics
import Stores
import Workers

extension Factory {
    /// How many bytes a schematic's kernel arguments may have together: far more than any kernel's command line, which is
    /// 2 KiB on x86 and arm64.
    static let mostArgumentBytes = 64 << 10

    /// Keeps a schematic, and gives it with its ID. Keeping one that is known already changes nothing.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidSchematic` and Image Factory's own text, or `busy`.
    public func create(_ body: [UInt8]) async throws -> Schematic { try await create(body) { $0 } }

    /// Keeps a schematic, and gives what `answer` makes of it. That runs on the thread that decoded it, and not on the
    /// cooperative pool.
    public func create<Answer: Sendable>(
        _ body: [UInt8], _ answer: @escaping @Sendable (Schematic) throws -> Answer
    ) async throws -> Answer {
        // One turn for all of it: what has been decoded takes memory, and would wait in the queue once more.
        try await decoding.withTurn { turn in
            let schematic = try await turn.run {
                let schematic: Schematic
                do throws(SchematicError) { schematic = try Schematic(decoding: body) } catch {
                    throw FactoryError(error.isTemporary ? .busy : .invalidSchematic, error.description)
                }
                try schematic.requireArgumentsThatFit()
                return schematic
            }
            // Who is told that it is kept may rely on it, whatever has become of the store since it was kept first.
            if schematics[schematic.id] != nil, try await !isKept(schematic.id, in: turn) {
                schematics[schematic.id] = nil
            }
            try await keep(schematic, in: turn)
            return try await turn.run { try answer(schematic) }
        }
    }

    private func isKept(_ id: SchematicID, in work: any Workplace) async throws -> Bool {
        do { return try await repository.canonicalText(id, on: work) != nil } catch let error as FactoryError
            where error.code == .storage
        {
            // Altered, it seems: keeping it again mends it, or says what is the matter.
            return false
        }
    }

    /// Keeps a schematic, so that its assets can be asked for by its ID.
    ///
    /// - Parameter work: Where to do so; by default with what is done for requests.
    @discardableResult
    public func keep(_ schematic: Schematic, on work: BlockingWork? = nil) async throws -> Schematic {
        try await keep(schematic, in: work ?? plans)
        return schematic
    }

    private func keep(_ schematic: Schematic, in work: any Workplace) async throws {
        if schematics[schematic.id] != nil { return }
        try await repository.keep(schematic, on: work)
        schematics[schematic.id] = schematic
    }

    /// The schematic with an ID.
    ///
    /// - Throws: ``FactoryError`` with the code `schematicNotFound` for an unknown ID and for what is no ID at all.
    public func schematic(_ text: String) async throws -> Schematic { try await schematic(Self.parseID(text)) }

    /// The schematic with an ID.
    ///
    /// - Parameter work: Where to read it; by default with what is done for requests.
    public func schematic(_ id: SchematicID, on work: BlockingWork? = nil) async throws -> Schematic {
        if let schematic = schematics[id] { return schematic }
        guard let schematic = try await repository.schematic(id, on: work ?? plans) else {
            throw Self.unknownSchematic(id.description)
        }
        schematics[id] = schematic
        return schematic
    }

    /// The canonical text of the schematic with an ID.
    ///
    /// - Throws: ``FactoryError`` with the code `schematicNotFound` for an unknown ID and for what is no ID at all.
    public func canonicalText(_ text: String) async throws -> [UInt8] {
        let id = try Self.parseID(text)
        if let schematic = schematics[id] { return schematic.canonicalText }
        // The text is as good as its hash, whether or not it can be read.
        guard let stored = try await repository.canonicalText(id, on: storage) else {
            throw Self.unknownSchematic(id.description)
        }
        return stored
    }

    private static func parseID(_ text: String) throws(FactoryError) -> SchematicID {
        guard let id = SchematicID(parsing: text) else { throw unknownSchematic(text) }
        return id
    }

    private static func unknownSchematic(_ id: String) -> FactoryError {
        // By bytes: one character may be as long as whoever asks likes.
        let shown = String(decoding: id.utf8.prefix(256), as: UTF8.self)
        return FactoryError(.schematicNotFound, "schematic ID \"\(shown)\" not found")
    }
}

extension Schematic {
    /// Refuses arguments that no kernel could be given.
    fileprivate func requireArgumentsThatFit() throws(FactoryError) {
        let bytes = extraKernelArguments.reduce(0) { $0 + $1.utf8.count + 1 }
        guard bytes <= Factory.mostArgumentBytes else {
            throw FactoryError(
                .invalidSchematic,
                "the kernel arguments take \(bytes) bytes, and no kernel takes more than \(Factory.mostArgumentBytes) bytes; "
                    + "remove some")
        }
    }
}
