import Compositions
import Schematics
import TalosModel
import Trust

/// What an initramfs will consist of; nothing has been built yet.
public struct InitramfsPlan: Hashable, Sendable {
    /// The schematic.
    public let schematic: Schematic
    /// The release.
    public let version: TalosVersion
    /// The architecture.
    public let architecture: Architecture
    /// Where things lie in this version.
    public let layout: FileLayout
    /// The release's own initramfs.
    public let base: StoredFile
    /// What is laid over the release's root file system, the last on top. Module dependencies come after all of these.
    public let layers: [Layer]
    /// The extensions that have to be built, each once, in the order of their topmost layers.
    public let extensions: [PlannedExtension]

    /// As many layers as a machine can mount: Linux lays at most 500 over one another (OVL_MAX_STACK), the release's root and the
    /// module dependencies among them.
    public static let mostLayers = 498

    /// One of the layers.
    public struct Layer: Hashable, Sendable {
        /// Its number in the schematic's list, where the virtual extensions come last. A node shows it as the extension's ID.
        public let number: Int
        /// What it holds.
        public let content: Content

        /// The name of its image in the initramfs.
        public var imageName: String { "\(number).sqsh" }
    }

    /// What a layer holds.
    public enum Content: Hashable, Sendable {
        /// An extension from the release's catalog.
        case planned(PlannedExtension)
        /// The virtual extension by which the machine knows its schematic.
        case schematic
        /// The virtual extension with the embedded machine configuration.
        case embeddedConfiguration
    }

    init(
        schematic: Schematic, version: TalosVersion, architecture: Architecture, layout: FileLayout, base: StoredFile,
        layers: [Layer]
    ) {
        self.schematic = schematic
        self.version = version
        self.architecture = architecture
        self.layout = layout
        self.base = base
        self.layers = layers
        var seen: Set<String> = []
        var extensions: [PlannedExtension] = []
        for layer in layers.reversed() {
            switch layer.content {
            case .schematic, .embeddedConfiguration: continue
            case .planned(let planned): if seen.insert(planned.key).inserted { extensions.append(planned) }
            }
        }
        self.extensions = extensions.reversed()
    }

    /// An extension of a plan.
    public struct PlannedExtension: Hashable, Sendable {
        /// The extension's name.
        public let name: String
        /// Its image for the architecture.
        public let image: VerifiedImage
        /// Whether two builds are the same, and where the result is stored.
        public let key: String
    }
}
