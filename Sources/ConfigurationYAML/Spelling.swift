/// Names that somebody may have meant.
public enum Spelling {
    /// Ends a message about an unknown name: the nearest known one, or all of them.
    public static func remedy(for name: String, among known: [String], otherwise: String) -> String {
        guard let nearest = nearest(to: name, among: known) else { return otherwise }
        return "did you mean '\(nearest)'?"
    }

    /// The known name nearest to `name`, if it is near: one character away, or two for all but short names.
    public static func nearest(to name: String, among known: [String]) -> String? {
        // Nobody misspells a name as long as this, and nobody waits for a look at so many.
        guard name.utf8.count <= 256, known.count <= 1000 else { return nil }
        let allowed = name.count < 4 ? 1 : 2
        return known.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= allowed }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// How many characters must be put in, taken out, changed, or swapped with their neighbour.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        guard abs(left.count - right.count) <= 2 else { return 3 }
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var best = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
