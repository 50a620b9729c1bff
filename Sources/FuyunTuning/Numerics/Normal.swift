import RealModule

/// The normal distribution, as far as censored samples need it.
enum Normal {
    /// The density at z.
    static func density(_ z: Double) -> Double { Double.exp(-z * z / 2) / (2 * Double.pi).squareRoot() }

    /// The share beyond z.
    static func tail(_ z: Double) -> Double { Double.erfc(z / 2.0.squareRoot()) / 2 }

    /// The mean of what lies beyond z: density over tail, the inverse of Mills' ratio.
    static func meanBeyond(_ z: Double) -> Double {
        // Far out both underflow; z + 1/z is the first step of the continued fraction, good to 1e-4 from 30 on.
        z > 30 ? z + 1 / z : density(z) / tail(z)
    }
}
