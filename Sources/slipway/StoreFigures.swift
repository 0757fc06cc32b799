import Stores

/// What `store stats` shows.
struct StoreFigures: Encodable {
    struct Amount: Encodable {
        var blobs: Int
        var bytes: UInt64

        init(_ entries: some Collection<BlobEntry>) {
            blobs = entries.count
            bytes = entries.reduce(0) { $0 &+ $1.length }
        }

        init(_ removal: StoreCleaner.Removal) { (blobs, bytes) = (removal.count, removal.bytes) }

        /// What is left without some of it.
        func less(_ other: Amount) -> Amount {
            var rest = self
            rest.blobs = max(0, blobs - other.blobs)
            rest.bytes = bytes > other.bytes ? bytes - other.bytes : 0
            return rest
        }
    }

    struct Kind: Encodable {
        var kind: String
        var records: Int
        /// What its records name, as far as it is in the store. Several may name the same.
        var named: Amount
    }

    var kinds: [Kind]
    var all: Amount
    /// What no record names.
    var unnamed: Amount
    /// What of it `store gc` would remove now.
    var removable: Amount

    init(_ survey: StoreCleaner.Survey) {
        kinds = survey.references.kinds.map { kind, usage in
            Kind(
                kind: kind.rawValue, records: usage.records,
                named: Amount(usage.blobs.compactMap { survey.blobs[$0] }))
        }.sorted { $0.kind < $1.kind }
        all = Amount(survey.blobs.values)
        unnamed = Amount(survey.unnamed)
        removable = Amount(survey.removable)
    }

    /// The same for people.
    var text: String {
        var lines = ["kind\trecords\tblobs\tbytes"]
        lines += kinds.map { "\($0.kind)\t\($0.records)\t\($0.named.blobs)\t\($0.named.bytes)" }
        lines.append("all\t\(kinds.reduce(0) { $0 + $1.records })\t\(all.blobs)\t\(all.bytes)")
        lines.append("named by no record\t-\t\(unnamed.blobs)\t\(unnamed.bytes)")
        if unnamed.blobs > 0 {
            lines.append("removable by 'slipway store gc'\t-\t\(removable.blobs)\t\(removable.bytes)")
        }
        return lines.joined(separator: "\n")
    }
}

/// What `store gc` did.
struct CleaningReport: Encodable {
    var removed: StoreFigures.Amount
    /// What no record names and is too young, or was named in the meantime.
    var left: StoreFigures.Amount
    var dryRun: Bool

    /// The same for people.
    func text(minutes: Int) -> String {
        let verb = dryRun ? "would remove" : "removed"
        let rest =
            left.blobs == 0
            ? ""
            : "; \(left.blobs) blobs, \(left.bytes) bytes, stay until they, and the last import, are \(minutes) minutes old"
        return "\(verb) \(removed.blobs) blobs, \(removed.bytes) bytes" + rest
    }
}
