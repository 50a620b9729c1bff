/// How much a model may be asked: requests an hour and cost a day, both over the time that has just passed.
///
/// A value without a clock: moments come from the caller, on any clock that does not run backwards for long.
public struct ModelBudget: Hashable, Sendable {
    /// What is allowed.
    public struct Limits: Hashable, Sendable {
        /// Requests within any hour; each try is one.
        public var requestsPerHour: Int
        /// Cost within any day, in the currency of the prices; nil for no limit.
        public var costPerDay: Double?

        /// Makes limits.
        public init(requestsPerHour: Int = 60, costPerDay: Double? = nil) {
            self.requestsPerHour = requestsPerHour
            self.costPerDay = costPerDay
        }
    }

    /// Why a request is not made.
    public enum Refusal: Hashable, Sendable {
        /// As many requests as are allowed were made; another is in this time.
        case requests(wait: Duration)
        /// As much as is allowed was spent; something of it is a day old in this time.
        case cost(spent: Double, wait: Duration)
    }

    private struct Expense: Hashable {
        var at: Duration
        var cost: Double
    }

    /// What is allowed.
    public let limits: Limits
    private var requests: [Duration] = []
    private var expenses: [Expense] = []

    private static let hour = Duration.seconds(3_600)
    private static let day = Duration.seconds(86_400)
    /// Expenses of less than this apart are kept as one.
    private static let grain = Duration.seconds(60)

    /// Nothing was asked or spent.
    public init(_ limits: Limits) { self.limits = limits }

    /// Counts a request in, or says why it may not be made.
    public mutating func admit(at now: Duration) -> Refusal? {
        forget(at: now)
        if let most = limits.costPerDay, spent >= most, let oldest = expenses.first {
            return .cost(spent: spent, wait: oldest.at + Self.day - now)
        }
        guard requests.count < limits.requestsPerHour else {
            return .requests(wait: (requests.first ?? now) + Self.hour - now)
        }
        requests.append(now)
        return nil
    }

    /// Counts what was asked and spent before, oldest first.
    public mutating func note(requests count: Int, cost: Double, at moment: Duration) {
        let room = limits.requestsPerHour - requests.count
        requests += Array(repeating: moment, count: max(0, min(count, room)))
        spend(cost, at: moment)
    }

    /// Counts what an answer cost.
    public mutating func spend(_ cost: Double, at now: Duration) {
        guard cost > 0, cost.isFinite else { return }
        if let last = expenses.last, now - last.at < Self.grain {
            expenses[expenses.count - 1].cost += cost
        } else {
            expenses.append(Expense(at: now, cost: cost))
        }
    }

    /// What was spent within the day before the latest request.
    public var spent: Double { expenses.reduce(0) { $0 + $1.cost } }

    private mutating func forget(at now: Duration) {
        // What seems to be of the future is of a clock that was set back: it counts from now on.
        for index in requests.indices where requests[index] > now { requests[index] = now }
        for index in expenses.indices where expenses[index].at > now { expenses[index].at = now }
        requests.removeAll { now - $0 >= Self.hour }
        expenses.removeAll { now - $0.at >= Self.day }
    }
}
