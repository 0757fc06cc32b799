import Testing

@testable import ImageFactory

@Suite struct RecentlyUsedTests {
    @Test func keepsWhatIsUsedAndStaysWithinItsBudget() {
        let cache = RecentlyUsed<Int, String>(budget: 8) { _ in 1 }
        for key in 0..<100 {
            cache[key] = "\(key)"
            #expect(cache[0] == "0")
            #expect(cache.totalCost <= 8)
        }
        #expect(cache[99] == "99")
        #expect(cache[1] == nil)
    }

    @Test func largeValuesCountForWhatTheyAre() {
        let cache = RecentlyUsed<Int, [UInt8]>(budget: 1000) { $0.count }
        cache[1] = [UInt8](repeating: 0, count: 100)
        cache[2] = [UInt8](repeating: 0, count: 251)
        #expect(cache[2] == nil, "more than a quarter of the budget")
        #expect(cache[1] != nil)
        for key in 3..<100 { cache[key] = [UInt8](repeating: 0, count: 250) }
        #expect(cache.totalCost <= 1000)
        cache[99] = nil
        cache[98] = nil
        cache[97] = nil
        cache[96] = nil
        #expect(cache.totalCost == 0)
    }
}
