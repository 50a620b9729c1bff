/// Finds the names that somebody may have meant.
enum NearName {
    /// Up to three names that hold the word, or differ from it in a few letters; the nearest first.
    static func suggestions(for word: String, among names: [String]) -> [String] {
        let wanted = word.lowercased()
        var found: [(name: String, distance: Int)] = []
        for name in names.prefix(20_000) {
            let lower = name.lowercased()
            // The package may have been left out, or another one named.
            let own = lower.split(separator: "/").last.map(String.init) ?? lower
            let distance = min(Self.distance(wanted, lower), wanted.contains("/") ? .max : Self.distance(wanted, own))
            if distance <= max(1, min(3, wanted.count / 3)) {
                found.append((name, distance))
            } else if wanted.count >= 3, lower.contains(wanted) {
                found.append((name, 4))
            }
        }
        return found.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
    }

    /// The least number of letters to put in, take out or exchange.
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8.prefix(256)), Array(right.utf8.prefix(256)))
        var row = Array(0...right.count)
        for (place, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for (column, other) in right.enumerated() {
                let cost = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(cost, min(row[column], diagonal) + 1)
            }
        }
        return row[right.count]
    }
}
