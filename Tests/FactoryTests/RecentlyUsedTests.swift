import Testing

@testable import Factory

@Suite struct RecentlyUsedTests {
    @Test func keepsWhatIsUsedAndStaysWithinItsBounds() {
        let cache = RecentlyUsed<Int, String>(capacity: 8)
        for key in 0..<100 {
            cache[key] = "\(key)"
            #expect(cache[0] == "0")
            #expect(cache.count <= 8)
        }
        #expect(cache[99] == "99")
        #expect(cache[1] == nil)
    }
}
