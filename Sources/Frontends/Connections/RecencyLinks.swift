/// Places that are numbered from 0, in lists by use: all operations take constant time.
struct RecencyLinks {
    /// One list, by its two ends.
    struct List {
        fileprivate var newest = -1
        fileprivate var oldest = -1

        /// The place that was not used for longest.
        var idlest: Int? { oldest < 0 ? nil : oldest }
    }

    private var newer: [Int] = []
    private var older: [Int] = []

    /// One more place.
    mutating func grow() {
        newer.append(-1)
        older.append(-1)
    }

    /// Puts a place that is in no list at the front of one.
    mutating func add(_ place: Int, to list: inout List) {
        newer[place] = -1
        older[place] = list.newest
        if list.newest >= 0 { newer[list.newest] = place }
        list.newest = place
        if list.oldest < 0 { list.oldest = place }
    }

    /// Takes a place out of the list that it is in.
    mutating func remove(_ place: Int, from list: inout List) {
        let (newer, older) = (newer[place], older[place])
        if newer < 0 { list.newest = older } else { self.older[newer] = older }
        if older < 0 { list.oldest = newer } else { self.newer[older] = newer }
    }
}
