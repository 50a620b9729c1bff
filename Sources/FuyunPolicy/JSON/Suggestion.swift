/// `; did you mean "x"?` when one of the candidates is a slip of the finger away, else nothing.
func suggestion(for word: String, among candidates: [String]) -> String {
    let limit = 64
    guard word.utf8.count <= limit else { return "" }
    let letters = Array(word.lowercased().utf8)
    var best: (word: String, distance: Int)?
    for candidate in candidates where candidate.utf8.count <= limit {
        let distance = editDistance(letters, Array(candidate.lowercased().utf8))
        if distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    guard let best, best.distance <= 2, best.distance * 2 <= max(letters.count, 2) else { return "" }
    return "; did you mean \"\(best.word)\"?"
}

/// The least number of insertions, deletions, replacements and swaps of neighbours between two words (optimal string
/// alignment).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                cost = min(cost, beforeLast[j - 1] + 1)
            }
            row.append(cost)
        }
        beforeLast = last
        last = row
    }
    return last[right.count]
}
