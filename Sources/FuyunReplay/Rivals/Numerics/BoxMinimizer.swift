/// Finds a low point of a smooth function of a few numbers within a box.
///
/// Quasi-Newton steps (Broyden, Fletcher, Goldfarb, Shanno), held at the walls. No randomness: the same start, the same end.
struct BoxMinimizer {
    /// The lowest value of each number.
    var lower: [Double]
    /// The highest.
    var upper: [Double]
    /// How many steps at most.
    var steps: Int
    /// No number moves farther than this in one step.
    var longest = 2.0

    /// Goes down from a start.
    ///
    /// The function gives its value and its gradient; nil where it has none.
    func minimum(
        from start: [Double],
        _ function: ([Double]) -> (value: Double, gradient: [Double])?
    ) -> (point: [Double], value: Double)? {
        var point = clamped(start)
        guard var (value, gradient) = function(point) else { return nil }
        let count = point.count
        var inverse = identity(count)
        for _ in 0..<steps {
            let free = (0..<count).map { place in
                !(point[place] <= lower[place] && gradient[place] > 0)
                    && !(point[place] >= upper[place] && gradient[place] < 0)
            }
            guard free.indices.contains(where: { free[$0] && gradient[$0].magnitude > 1e-4 }) else { break }
            var way = direction(inverse, gradient, free)
            if zip(way, gradient).reduce(0, { $0 + $1.0 * $1.1 }) >= 0 {
                inverse = identity(count)
                way = direction(inverse, gradient, free)
            }
            let reach = way.reduce(0) { max($0, $1.magnitude) }
            if reach > longest { way = way.map { $0 * longest / reach } }
            guard let next = search(from: point, value, gradient, along: way, function) else { break }
            let moved = zip(next.point, point).map { $0 - $1 }
            let turned = zip(next.gradient, gradient).map { $0 - $1 }
            let gained = value - next.value
            (point, value, gradient) = (next.point, next.value, next.gradient)
            update(&inverse, moved, turned)
            if gained < 1e-7 * (1 + value.magnitude) { break }
        }
        return (point, value)
    }

    private func clamped(_ point: [Double]) -> [Double] {
        point.indices.map { min(max(point[$0], lower[$0]), upper[$0]) }
    }

    private func identity(_ count: Int) -> [Double] {
        (0..<count * count).map { $0 / count == $0 % count ? 1 : 0 }
    }

    private func direction(_ inverse: [Double], _ gradient: [Double], _ free: [Bool]) -> [Double] {
        gradient.indices.map { row in
            guard free[row] else { return 0 }
            return -gradient.indices.reduce(0.0) {
                $0 + (free[$1] ? inverse[row * gradient.count + $1] * gradient[$1] : 0)
            }
        }
    }

    /// Halves the step until the value falls enough (Armijo's rule).
    private func search(
        from point: [Double],
        _ value: Double,
        _ gradient: [Double],
        along way: [Double],
        _ function: ([Double]) -> (value: Double, gradient: [Double])?
    ) -> (point: [Double], value: Double, gradient: [Double])? {
        var share = 1.0
        for _ in 0..<16 {
            let next = clamped(point.indices.map { point[$0] + share * way[$0] })
            let promised = point.indices.reduce(0.0) { $0 + gradient[$1] * (next[$1] - point[$1]) }
            if let found = function(next), found.value <= value + 1e-4 * promised {
                return (next, found.value, found.gradient)
            }
            share /= 2
        }
        return nil
    }

    /// The usual update of the inverse Hessian, left out where the curvature is not positive.
    private func update(_ inverse: inout [Double], _ moved: [Double], _ turned: [Double]) {
        let count = moved.count
        let curvature = zip(moved, turned).reduce(0) { $0 + $1.0 * $1.1 }
        guard curvature > 1e-10 else { return }
        let image = (0..<count).map { row in (0..<count).reduce(0.0) { $0 + inverse[row * count + $1] * turned[$1] } }
        let whole = zip(turned, image).reduce(0) { $0 + $1.0 * $1.1 }
        for row in 0..<count {
            for column in 0..<count {
                inverse[row * count + column] +=
                    (1 + whole / curvature) * moved[row] * moved[column] / curvature
                    - (image[row] * moved[column] + moved[row] * image[column]) / curvature
            }
        }
    }
}
