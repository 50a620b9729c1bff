/// A small symmetric matrix: the normal equations of a law with a handful of coefficients.
struct SymmetricMatrix: Sendable {
    /// Rows and columns.
    let size: Int
    /// Row by row.
    private(set) var entries: [Double]

    /// A matrix of zeros.
    init(size: Int) {
        self.size = size
        entries = Array(repeating: 0, count: size * size)
    }

    subscript(row: Int, column: Int) -> Double {
        get { entries[row * size + column] }
        set {
            entries[row * size + column] = newValue
            entries[column * size + row] = newValue
        }
    }

    /// The matrix with every entry multiplied.
    func multiplied(by factor: Double) -> SymmetricMatrix {
        var matrix = self
        for place in entries.indices { matrix.entries[place] *= factor }
        return matrix
    }

    /// The Cholesky factor L of M = L Lᵀ, a pivot that is nothing next to its diagonal counting as a column of zeros:
    /// so a semidefinite matrix, as that of a law whose coefficient was set to zero, has one as well.
    func cholesky() -> LowerTriangle {
        var factor = LowerTriangle(size: size)
        for column in 0..<size {
            var pivot = self[column, column]
            for place in 0..<column { pivot -= factor[column, place] * factor[column, place] }
            guard pivot > self[column, column] * 1e-12 else { continue }
            let diagonal = pivot.squareRoot()
            factor[column, column] = diagonal
            for row in column..<size where row > column {
                var sum = self[row, column]
                for place in 0..<column { sum -= factor[row, place] * factor[column, place] }
                factor[row, column] = sum / diagonal
            }
        }
        return factor
    }

    /// The lower triangle W of M = Wᵀ W, so that |W v|² = vᵀ M v: the Cholesky factor taken from the far corner.
    func whitening() -> LowerTriangle {
        var reversed = SymmetricMatrix(size: size)
        for row in 0..<size {
            for column in 0...row { reversed[row, column] = self[size - 1 - row, size - 1 - column] }
        }
        let factor = reversed.cholesky()
        var triangle = LowerTriangle(size: size)
        for row in 0..<size {
            for column in 0...row { triangle[row, column] = factor[size - 1 - column, size - 1 - row] }
        }
        return triangle
    }

    /// The part of the matrix in some rows and columns.
    func part(_ places: [Int]) -> SymmetricMatrix {
        var part = SymmetricMatrix(size: places.count)
        for row in places.indices {
            for column in 0...row { part[row, column] = self[places[row], places[column]] }
        }
        return part
    }

    /// The inverse of the part in some rows and columns, zero elsewhere; nil when that part has none.
    func inverse(of places: [Int]) -> SymmetricMatrix? {
        let factor = part(places).cholesky()
        guard factor.hasFullRank else { return nil }
        var inverse = SymmetricMatrix(size: size)
        for column in places.indices {
            var unit = Array(repeating: 0.0, count: places.count)
            unit[column] = 1
            let solution = factor.solve(unit)
            for row in places.indices where row >= column { inverse[places[row], places[column]] = solution[row] }
        }
        return inverse
    }
}

/// A lower triangle.
struct LowerTriangle: Sendable {
    /// Rows and columns.
    let size: Int
    private var entries: [Double]

    /// A triangle of zeros.
    init(size: Int) {
        self.size = size
        entries = Array(repeating: 0, count: size * size)
    }

    subscript(row: Int, column: Int) -> Double {
        get { entries[row * size + column] }
        set { entries[row * size + column] = newValue }
    }

    /// Whether no pivot is zero.
    var hasFullRank: Bool { (0..<size).allSatisfy { self[$0, $0] > 0 } }

    /// The rows, each up to its diagonal.
    var rows: [[Double]] { (0..<size).map { row in (0...row).map { self[row, $0] } } }

    /// x with L Lᵀ x = b, of a factor with full rank.
    func solve(_ right: [Double]) -> [Double] {
        var x = right
        for row in 0..<size {
            for column in 0..<row { x[row] -= self[row, column] * x[column] }
            x[row] /= self[row, row]
        }
        for row in (0..<size).reversed() {
            for column in row..<size where column > row { x[row] -= self[column, row] * x[column] }
            x[row] /= self[row, row]
        }
        return x
    }
}
