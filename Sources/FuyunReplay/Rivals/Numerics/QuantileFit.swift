/// Linear quantile regression, solved exactly.
///
/// Σ ρ(yᵢ − xᵢᵀβ), ρ(r) = r·(τ − [r < 0]), is convex and linear in pieces, so that some least point passes through as many samples as
/// there are columns (Koenker and Bassett, 1978). From such a vertex one of its samples at a time is let go where the sum falls
/// fastest, as far as it falls: the simplex method of Barrodale and Roberts (1973), in the samples' own terms. It ends at a vertex
/// from which no edge leads down, which is the solution and not an approximation.
struct QuantileFit: Sendable {
    /// One for each column.
    let coefficients: [Double]
    /// The samples through which the solution passes: where the next fit starts.
    let basis: [Int]
    /// Exchanges that it took.
    let steps: Int

    /// Fits.
    ///
    /// - Parameters:
    ///   - columns: row after row, `width` values each, columns independent and of similar size.
    ///   - needs: one for each row.
    ///   - share: τ, between 0 and 1.
    ///   - start: an earlier fit's basis, when its rows are still the same ones.
    /// - Returns: nil when the rows do not determine the columns.
    init?(columns: [Double], width: Int, needs: [Double], share: Double, start: [Int]? = nil) {
        guard width > 0, needs.count >= width, columns.count == needs.count * width else { return nil }
        var solver = Solver(columns: columns, width: width, needs: needs, share: share)
        guard solver.begin(start) else { return nil }
        var steps = 0
        // Each step lowers the sum, so this ends by itself; the bound is for numbers that do not add up.
        while steps < 200 + 4 * needs.count, solver.step() { steps += 1 }
        coefficients = solver.coefficients
        basis = solver.basis
        self.steps = steps
    }

    /// The value at a row.
    func value(_ row: [Double]) -> Double { zip(coefficients, row).reduce(0) { $0 + $1.0 * $1.1 } }

    /// Σ ρ(yᵢ − xᵢᵀβ).
    static func loss(_ coefficients: [Double], columns: [Double], needs: [Double], share: Double) -> Double {
        let width = coefficients.count
        return needs.indices.reduce(0) { sum, row in
            let value = (0..<width).reduce(0.0) { $0 + columns[row * width + $1] * coefficients[$1] }
            let residual = needs[row] - value
            return sum + residual * (share - (residual < 0 ? 1 : 0))
        }
    }
}

/// A vertex, and the way down from it.
private struct Solver {
    let columns: [Double]
    let width: Int
    let needs: [Double]
    let share: Double
    var basis: [Int] = []
    var coefficients: [Double] = []
    private var inverse: [Double] = []
    private var isInBasis: [Bool]
    private var residuals: [Double]

    init(columns: [Double], width: Int, needs: [Double], share: Double) {
        self.columns = columns
        self.width = width
        // Equal needs at equal inputs, common where runs repeat, would make edges of no length. What is added is far below what a
        // limit can express, and the same each time.
        let size = needs.reduce(0) { max($0, $1.magnitude) }
        self.needs = needs.enumerated().map { place, need in
            let turn = Double(place + 1) * 0.618_033_988_749_895
            return need + size * 1e-10 * (turn - turn.rounded(.down))
        }
        self.share = share
        isInBasis = Array(repeating: false, count: needs.count)
        residuals = Array(repeating: 0, count: needs.count)
    }

    /// Stands at an earlier vertex, or at any; false when there is none.
    mutating func begin(_ start: [Int]?) -> Bool {
        if let start, start.count == width, start.allSatisfy(needs.indices.contains), move(to: start) { return true }
        guard let chosen = independentRows() else { return false }
        return move(to: chosen)
    }

    /// Takes the steepest edge down to where it turns up again; false at the bottom.
    mutating func step() -> Bool {
        // u = X⁻ᵀ Σ ψ(r) x over the samples that the vertex does not pass through.
        var pull = Array(repeating: 0.0, count: width)
        for row in needs.indices where !isInBasis[row] {
            let weight = residuals[row] < 0 ? share - 1 : share
            for column in 0..<width { pull[column] += weight * columns[row * width + column] }
        }
        var best = (slope: -1e-9 * Double(needs.count), place: -1, sign: 1.0)
        for place in 0..<width {
            let u = (0..<width).reduce(0.0) { $0 + inverse[$1 * width + place] * pull[$1] }
            if (1 - share) - u < best.slope { best = ((1 - share) - u, place, 1) }
            if share + u < best.slope { best = (share + u, place, -1) }
        }
        guard best.place >= 0 else { return false }
        let direction = (0..<width).map { inverse[$0 * width + best.place] * best.sign }
        var turns: [(at: Double, rise: Double, row: Int)] = []
        for row in needs.indices where !isInBasis[row] {
            let change = (0..<width).reduce(0.0) { $0 + columns[row * width + $1] * direction[$1] }
            guard change.magnitude > 1e-12 else { continue }
            let at = residuals[row] / change
            if at > 0 { turns.append((at, change.magnitude, row)) }
        }
        turns.sort { $0.at < $1.at }
        var slope = best.slope
        for turn in turns {
            slope += turn.rise
            if slope >= 0 {
                var next = basis
                next[best.place] = turn.row
                return move(to: next)
            }
        }
        return false
    }

    /// Solves for the coefficients through the rows of a basis; false, and nothing changes, when they do not determine them.
    private mutating func move(to next: [Int]) -> Bool {
        guard let inverse = inverted(next) else { return false }
        for row in basis { isInBasis[row] = false }
        for row in next { isInBasis[row] = true }
        self.inverse = inverse
        basis = next
        coefficients = (0..<width).map { column in
            (0..<width).reduce(0.0) { $0 + inverse[column * width + $1] * needs[next[$1]] }
        }
        for row in needs.indices {
            var value = 0.0
            for column in 0..<width { value += columns[row * width + column] * coefficients[column] }
            residuals[row] = needs[row] - value
        }
        return true
    }

    /// Gauss-Jordan with row pivots, for a handful of columns.
    private func inverted(_ rows: [Int]) -> [Double]? {
        let stride = 2 * width
        var work = Array(repeating: 0.0, count: width * stride)
        for (place, row) in rows.enumerated() {
            for column in 0..<width { work[place * stride + column] = columns[row * width + column] }
            work[place * stride + width + place] = 1
        }
        for column in 0..<width {
            let pivot = (column..<width).max {
                work[$0 * stride + column].magnitude < work[$1 * stride + column].magnitude
            }
            guard let pivot, work[pivot * stride + column].magnitude > 1e-11 else { return nil }
            if pivot != column {
                for place in 0..<stride { work.swapAt(pivot * stride + place, column * stride + place) }
            }
            let scale = 1 / work[column * stride + column]
            for place in 0..<stride { work[column * stride + place] *= scale }
            for row in 0..<width where row != column {
                let factor = work[row * stride + column]
                if factor == 0 { continue }
                for place in 0..<stride { work[row * stride + place] -= factor * work[column * stride + place] }
            }
        }
        return (0..<width).flatMap { row in (0..<width).map { work[row * stride + width + $0] } }
    }

    /// Rows that determine the columns, each the farthest from what those before it span.
    private func independentRows() -> [Int]? {
        var rest = columns
        var chosen: [Int] = []
        for _ in 0..<width {
            var best = (row: -1, norm: 1e-18)
            for row in needs.indices {
                var norm = 0.0
                for column in 0..<width { norm += rest[row * width + column] * rest[row * width + column] }
                if norm > best.norm { best = (row, norm) }
            }
            guard best.row >= 0 else { return nil }
            chosen.append(best.row)
            let unit = (0..<width).map { rest[best.row * width + $0] / best.norm.squareRoot() }
            for row in needs.indices {
                let part = (0..<width).reduce(0.0) { $0 + rest[row * width + $1] * unit[$1] }
                for column in 0..<width { rest[row * width + column] -= part * unit[column] }
            }
        }
        return chosen
    }
}
