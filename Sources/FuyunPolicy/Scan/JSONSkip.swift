extension JSONBytes {
    /// The position of the quote that closes the string whose content begins at `start`.
    func closingQuote(_ start: Int) throws(ScanHalt) -> Int {
        var at = start
        while at < count {
            let byte = self[at]
            if byte == UInt8(ascii: "\"") { return at }
            at += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw ranOut()
    }

    /// Leaves containers by counting brackets outside strings.
    ///
    /// It starts inside a container at `depth`, and ends behind
    /// the bracket that leaves the container at level `leaving + 1`.
    ///
    /// - Returns: The position behind that bracket, and the number of commas seen directly in the outermost container.
    func afterContainer(_ start: Int, depth: Int, leaving: Int) throws(ScanHalt) -> (end: Int, commas: Int) {
        var at = start
        var depth = depth + 1
        guard depth <= ScanPlan.maximumDepth else { throw ScanHalt(end: .tooDeep, offset: start - 1) }
        var commas = 0
        while at < count {
            switch self[at] {
            case UInt8(ascii: "\""): at = try closingQuote(at + 1)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= ScanPlan.maximumDepth else { throw ScanHalt(end: .tooDeep, offset: at) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == leaving { return (at + 1, commas) }
            case UInt8(ascii: ","): if depth == leaving + 1 { commas += 1 }
            default: break
            }
            at += 1
        }
        throw ranOut()
    }
}
