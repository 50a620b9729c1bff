/// Means, variances and covariances of some columns with a need, kept up to date row by row (Welford's way, which does not cancel).
struct Moments: Sendable {
    /// How many rows there were.
    private(set) var count = 0.0
    /// The means of the columns.
    private(set) var means: [Double]
    /// The mean need.
    private(set) var needMean = 0.0
    private var squares: [Double]
    private var products: [Double]
    private var needSquares = 0.0

    /// Nothing seen yet.
    init(width: Int) {
        means = Array(repeating: 0, count: width)
        squares = means
        products = means
    }

    /// Adds a row.
    mutating func add(_ row: [Double], need: Double) {
        count += 1
        let needStep = need - needMean
        needMean += needStep / count
        needSquares += needStep * (need - needMean)
        for column in means.indices {
            let step = row[column] - means[column]
            means[column] += step / count
            squares[column] += step * (row[column] - means[column])
            products[column] += step * (need - needMean)
        }
    }

    /// Whether a column differs from row to row, by more than rounding.
    func varies(_ column: Int) -> Bool { squares[column] > 1e-18 * count * means[column] * means[column] }

    /// Pearson's r of a column and the need; zero when either does not vary.
    func correlation(_ column: Int) -> Double {
        guard varies(column), needSquares > 0 else { return 0 }
        return products[column] / (squares[column] * needSquares).squareRoot()
    }

    /// The column that goes best with the need, whatever its sign, the first of equals; nil without columns.
    var best: Int? {
        var best: (column: Int, size: Double)?
        for column in means.indices {
            let size = correlation(column).magnitude
            if best.map({ size > $0.size }) ?? true { best = (column, size) }
        }
        return best?.column
    }

    /// The line of ordinary least squares through one column; level when the column does not vary.
    func line(_ column: Int) -> (base: Double, slope: Double) {
        let slope = varies(column) ? products[column] / squares[column] : 0
        return (needMean - slope * means[column], slope)
    }
}
