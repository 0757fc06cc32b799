import Digests

/// Reads the fields of one JSON object and names them in errors. Unknown fields are passed over, as the specification asks.
struct DocumentReader {
    /// What the whole document is, for messages.
    let document: String
    private let path: String
    private let value: JSONValue

    /// A reader over a document's text.
    init(_ bytes: ArraySlice<UInt8>, as document: String, limits: JSONLimits) throws(OCIModelError) {
        let value: JSONValue
        do { value = try JSONValue(decoding: bytes, limits: limits) } catch { throw .json(document: document, error) }
        guard case .object = value else {
            throw .field(document: document, field: ".", problem: "is \(value.kind), not an object")
        }
        self.init(document: document, path: "", value: value)
    }

    private init(document: String, path: String, value: JSONValue) {
        self.document = document
        self.path = path
        self.value = value
    }

    func fault(_ field: String, _ problem: String) -> OCIModelError {
        .field(document: document, field: path + field, problem: problem)
    }

    /// Go's JSON, which wrote most of these documents, prints an absent list or map as null.
    private func member(_ name: String) -> JSONValue? { value[name].flatMap { $0 == .null ? nil : $0 } }

    func has(_ name: String) -> Bool { member(name) != nil }

    func string(_ name: String) throws(OCIModelError) -> String? {
        switch member(name) {
        case nil: nil
        case .string(let text)?: text
        case let other?: throw fault(name, "is \(other.kind), not a string")
        }
    }

    func required<T>(_ name: String, _ value: T?) throws(OCIModelError) -> T {
        guard let value else { throw fault(name, "is missing") }
        return value
    }

    func digest(_ name: String) throws(OCIModelError) -> Digest {
        let text = try required(name, string(name))
        guard let digest = Digest(parsing: text) else {
            throw fault(name, "is '\(text.prefix(128))', not sha256: and 64 lower-case hexadecimal digits")
        }
        return digest
    }

    func length(_ name: String) throws(OCIModelError) -> UInt64 {
        guard case .integer(let number)? = member(name), let length = UInt64(exactly: number) else {
            throw fault(name, has(name) ? "is not a length in bytes" : "is missing")
        }
        return length
    }

    func object(_ name: String) throws(OCIModelError) -> DocumentReader? {
        switch member(name) {
        case nil: nil
        case let value? where value.isObject: DocumentReader(document: document, path: "\(path)\(name).", value: value)
        case let other?: throw fault(name, "is \(other.kind), not an object")
        }
    }

    func list(_ name: String, limit: Int) throws(OCIModelError) -> [JSONValue] {
        switch member(name) {
        case nil: return []
        case .array(let elements)?:
            guard elements.count <= limit else {
                throw .tooMany(document: document, field: path + name, count: elements.count, limit: limit)
            }
            return elements
        case let other?: throw fault(name, "is \(other.kind), not a list")
        }
    }

    func objects(_ name: String, limit: Int) throws(OCIModelError) -> [DocumentReader] {
        var readers: [DocumentReader] = []
        for (index, element) in try list(name, limit: limit).enumerated() {
            guard element.isObject else { throw fault("\(name)[\(index)]", "is \(element.kind), not an object") }
            readers.append(DocumentReader(document: document, path: "\(path)\(name)[\(index)].", value: element))
        }
        return readers
    }

    func strings(_ name: String, limit: Int) throws(OCIModelError) -> [String] {
        var texts: [String] = []
        for (index, element) in try list(name, limit: limit).enumerated() {
            guard case .string(let text) = element else {
                throw fault("\(name)[\(index)]", "is \(element.kind), not a string")
            }
            texts.append(text)
        }
        return texts
    }

    func stringMap(_ name: String, limit: Int) throws(OCIModelError) -> [String: String] {
        guard let object = try object(name), case .object(let members) = object.value else { return [:] }
        guard members.count <= limit else {
            throw .tooMany(document: document, field: path + name, count: members.count, limit: limit)
        }
        var map: [String: String] = [:]
        for member in members { map[member.name] = try object.string(member.name) }
        return map
    }
}

extension JSONValue {
    fileprivate var isObject: Bool { if case .object = self { true } else { false } }

    /// A map as an object with its names in order; nil when it is empty.
    static func map(_ map: [String: String]) -> JSONValue? {
        map.isEmpty ? nil : .object(map.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }
}
