/// A plan's storage while a scan runs: plain addresses, so that the walk touches no reference counts.
struct ScanPlanView {
    let places: UnsafeBufferPointer<ScanPlace>
    let readings: UnsafeBufferPointer<ScanReading>
    let choices: UnsafeBufferPointer<ScanText>
    let text: UnsafeRawBufferPointer

    /// The child of a place, of those whose bit is set, that a key leads to.
    @inline(__always)
    func child(
        of place: ScanPlace,
        _ children: UInt32,
        _ body: JSONBytes,
        from start: Int,
        to end: Int,
        _ hasEscape: Bool
    ) -> Int? {
        var rest = children
        while rest != 0 {
            let child = rest.trailingZeroBitCount
            let key = text(places[place.firstChild + child].key)
            if body.content(from: start, to: end, hasEscape: hasEscape, equals: key) { return child }
            rest &= rest - 1
        }
        return nil
    }

    /// The first of `count` category values from `first` on that a string equals, as its index among them.
    func choice(_ body: JSONBytes, _ first: Int, _ count: Int, from start: Int, to end: Int) -> Int? {
        (0..<count).first {
            body.content(from: start, to: end, hasEscape: true, equals: text(choices[first + $0]))
        }
    }

    /// A piece of the plan's text.
    @inline(__always)
    private func text(_ piece: ScanText) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text[piece.offset..<piece.offset + piece.count])
    }
}
