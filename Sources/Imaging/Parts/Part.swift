/// Something that is made once for all the assets that need it, and kept in the store.
public protocol Part: Sendable {
    /// What is made.
    associatedtype Product: Sendable

    /// Which part it is.
    var key: PartKey { get }
    /// What logs call it.
    var name: String { get }

    /// The product, if it has been built before. Blocks for a few small files.
    func stored(in imager: Imager) throws(ImagingError) -> Product?

    /// Builds the product and stores it, whether or not it is there already. A build that fails stores nothing. Blocks.
    ///
    /// - Parameter isCancelled: asked often.
    func build(in imager: Imager, isCancelled: @escaping CancellationCheck) throws(ImagingError) -> Product

    /// Refuses a product that is sound and not for whoever asks. Two parts with one key share the product; what they need it for
    /// may differ.
    func check(_ product: Product) throws(ImagingError)
}

extension Part {
    public func check(_ product: Product) throws(ImagingError) {}
}

/// Which part it is: parts with equal keys have equal products.
public struct PartKey: Hashable, Sendable {
    /// What kind of part it is. All parts of a kind are of one type; logs and metrics say it too.
    public let kind: String
    /// Which one of its kind.
    public let text: String

    init(kind: String, text: String) {
        self.kind = kind
        self.text = text
    }
}
