import LayoutBuilding
import Releases
import Testing

@Suite struct EmptyLayoutTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    @Test func aLayoutWithoutImagesIsNamed() throws {
        let layout = OCILayout()
        for isArchive in [false, true] {
            let error = #expect(throws: ReleaseError.self) {
                try isArchive ? place.importArchive(layout) : place.importFolder(layout)
            }
            #expect(error?.code == .noImages)
            #expect(error?.message.contains("holds no images") == true)
            #expect(error?.message.contains(place.path) == true)
        }
    }
}
