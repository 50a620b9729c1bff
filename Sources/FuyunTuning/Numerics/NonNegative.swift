/// Non-negative least squares for a handful of coefficients.
enum NonNegative {
    /// The x ≥ 0 that makes xᵀAx − 2bᵀx least, and which of its places are free (not held at zero).
    ///
    /// A law has at most five coefficients, so at most 31 sets of free ones: all are tried, the whole one first, and of those
    /// whose solution is not negative the best wins. That is exact, and needs none of the care of an active-set method
    /// (Lawson and Hanson, "Solving Least Squares Problems", ch. 23, to which it is equal).
    static func solve(_ matrix: SymmetricMatrix, _ right: [Double]) -> (solution: [Double], free: [Int]) {
        let count = right.count
        precondition(count <= 8, "this tries all subsets of the coefficients")
        var best = (solution: Array(repeating: 0.0, count: count), free: [Int](), value: 0.0)
        for set in (1..<(1 << count)).reversed() {
            let free = (0..<count).filter { set & (1 << $0) != 0 }
            let factor = matrix.part(free).cholesky()
            guard factor.hasFullRank else { continue }
            let part = factor.solve(free.map { right[$0] })
            guard part.allSatisfy({ $0 >= 0 && $0.isFinite }) else { continue }
            var solution = Array(repeating: 0.0, count: count)
            for (place, value) in zip(free, part) { solution[place] = value }
            // At the unconstrained optimum of a set the value is −bᵀx.
            let value = -zip(free, part).reduce(0) { $0 + right[$1.0] * $1.1 }
            if free.count == count { return (solution, free) }
            if value < best.value { best = (solution, free, value) }
        }
        return (best.solution, best.free)
    }
}
