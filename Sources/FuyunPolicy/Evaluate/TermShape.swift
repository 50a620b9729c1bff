import RealModule

extension PolicyTerm.Shape {
    /// The bytes that a value of the term's expression stands for; NaN or infinite when there is no such number.
    public func bytes(for x: Double) -> Double {
        switch self {
        case .linear(let coefficient): coefficient * x
        case .power(let coefficient, let exponent): coefficient * raise(x, to: exponent)
        case .exponential(let coefficient, let rate): coefficient * Double.exp(rate * x)
        case .piecewiseLinear(let knots): Self.polyline(knots, at: x)
        }
    }

    /// What the coefficient multiplies to give the bytes; of a polyline, which has none, the bytes themselves.
    public func column(for x: Double) -> Double {
        switch self {
        case .linear: x
        case .power(_, let exponent): raise(x, to: exponent)
        case .exponential(_, let rate): Double.exp(rate * x)
        case .piecewiseLinear(let knots): Self.polyline(knots, at: x)
        }
    }

    /// The first y before the first knot, linear between two knots, and the last slope after the last one: an input larger
    /// than all that were seen is expected to go on needing more.
    private static func polyline(_ knots: [PolicyKnot], at x: Double) -> Double {
        guard knots.count >= 2 else { return .nan }
        if x <= knots[0].x { return knots[0].y }
        var right = 1
        while right < knots.count - 1, knots[right].x < x { right += 1 }
        let (start, end) = (knots[right - 1], knots[right])
        return start.y + (x - start.x) * ((end.y - start.y) / (end.x - start.x))
    }
}
