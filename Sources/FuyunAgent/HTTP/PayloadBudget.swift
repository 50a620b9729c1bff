/// How much of unfinished payloads is kept on all connections together.
///
/// It lives on the event loop. Each connection may keep a mebibyte, and there may be thousands; what is over the budget is dropped as if the payload had been
/// cut there, which a decision copes with.
final class PayloadBudget {
    /// An eighth of what the agent's slice may use.
    static let standard = 64 << 20

    private var free: Int

    init(_ total: Int = standard) { free = total }

    /// Takes up to `wanted` bytes; the answer is how many there were.
    func take(_ wanted: Int) -> Int {
        let granted = min(wanted, free)
        free -= granted
        return granted
    }

    /// Gives bytes back.
    func give(_ count: Int) { free += count }
}
