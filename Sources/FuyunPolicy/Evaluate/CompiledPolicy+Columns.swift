extension CompiledPolicy {
    /// What the coefficients of the chosen law multiply, for whoever fits them: one for the base, then one number for each term.
    ///
    /// The law may be one that is left open. Nil where `decide` would not get as far as a number: the category or a variable
    /// of the law cannot be used, or an expression has no finite value.
    ///
    /// - Returns: The place of the law, and its columns.
    public func columns(_ features: FeatureVector) -> (law: Int, values: [Double])? {
        var place = 0
        if storage.select >= 0 {
            guard features.state(storage.select).isUsable else { return nil }
            place = Int(features.value(storage.select))
        }
        guard storage.laws.indices.contains(place) else { return nil }
        let law = storage.laws[place]
        for variable in storage.variables.indices where law.needed & (1 << UInt16(variable)) != 0 {
            guard features.state(variable).isUsable else { return nil }
        }
        var values = [1.0]
        for term in law.terms {
            let value = term.shape.column(for: term.program.evaluate(features.values))
            guard value.isFinite else { return nil }
            values.append(value)
        }
        return (place, values)
    }
}
