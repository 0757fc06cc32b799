/// Why a document could not be read as what was asked for. The description is go-yaml's text.
public enum DecodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no document.
    case noDocument
    /// The first fault that stopped the reading.
    case fault(LoadError)
    /// What did not fit, in the order of the document.
    case misfits([Misfit])
    /// More collections within collections than are read; aliases count where they are used.
    case tooDeep(limit: Int)
    /// The system gave no thread, which a deeply nested document needs. Nothing is wrong with the document.
    case noThread

    /// A part of the document that does not fit what it was to be read as.
    public struct Misfit: Hashable, Sendable, CustomStringConvertible {
        /// The line, counting from 1.
        public var line: Int
        /// What does not fit.
        public var message: String

        public var description: String { "line \(line): \(message)" }
    }

    /// Where the first fault is, as far as go-yaml tells; of what does not fit only the line is known, and the column is 1.
    public var position: Position? {
        switch self {
        case .fault(let error): error.position
        case .misfits(let misfits): misfits.first.map { Position(line: $0.line, column: 1) }
        case .noDocument, .tooDeep, .noThread: nil
        }
    }

    public var description: String {
        switch self {
        case .noDocument: "EOF"
        case .fault(let error): error.description
        case .misfits(let misfits):
            "yaml: construct errors: " + misfits.map(\.description).joined(separator: "; ")
        case .tooDeep(let limit):
            "the document nests collections deeper than \(limit) levels; make it flatter"
        case .noThread:
            "no thread can be started to read a deeply nested document; try again later"
        }
    }
}
