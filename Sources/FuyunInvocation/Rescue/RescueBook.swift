public import Cgroup
public import MemoryUnits

/// What a container asks of the node's room.
public struct RescueRequest: Hashable, Sendable {
    /// The container.
    public var container: CgroupID
    /// Its function.
    public var function: String
    /// The function's priority: the higher, the earlier it is saved.
    public var priority: Int
    /// The limit that its calls began with.
    public var granted: Bytes
    /// Its limit now.
    public var limit: Bytes
    /// The limit that would help.
    public var wanted: Bytes
    /// Its use now.
    public var current: Bytes
    /// The greatest limit that its ceiling and the room below its ancestors allow.
    public var greatest: Bytes

    /// Makes a request.
    public init(
        container: CgroupID,
        function: String,
        priority: Int,
        granted: Bytes,
        limit: Bytes,
        wanted: Bytes,
        current: Bytes,
        greatest: Bytes
    ) {
        self.container = container
        self.function = function
        self.priority = priority
        self.granted = granted
        self.limit = limit
        self.wanted = wanted
        self.current = current
        self.greatest = greatest
    }
}

/// What bounds all rescues of a node together.
public struct RescueBounds: Hashable, Sendable {
    /// Memory of the node that no rescue touches.
    public var reserve: Bytes
    /// The most that all rescues in flight may have above what their calls began with; nil: the node's room.
    public var budget: Bytes?
    /// The same for the rescues of one function.
    public var functionBudget: Bytes?
    /// How long a container is kept waiting for room before the last in the order is given up.
    public var patience: Duration
    /// The least raise that is worth a write.
    public var minimumStep: Bytes

    /// Makes bounds.
    public init(
        reserve: Bytes,
        budget: Bytes? = nil,
        functionBudget: Bytes? = nil,
        patience: Duration = .seconds(3),
        minimumStep: Bytes = .mebibytes(4)
    ) {
        self.reserve = reserve
        self.budget = budget
        self.functionBudget = functionBudget
        self.patience = patience
        self.minimumStep = minimumStep
    }
}

/// A raise that may be done.
public struct RescueGrant: Hashable, Sendable {
    /// Whose limit.
    public var container: CgroupID
    /// To what.
    public var limit: Bytes

    /// Makes a grant.
    public init(container: CgroupID, limit: Bytes) {
        self.container = container
        self.limit = limit
    }
}

/// Who has how much of the node's room for rescues, who waits for it, and in which order they get it.
///
/// - **Room** is what the node could give now (`MemAvailable`), less the reserve, less what was granted to rescued
///   containers and is not used yet: a promise counts from the moment it is given.
/// - **The order** in which waiting containers are saved: the higher priority first, then who needs the least, then who
///   has waited longest. Nobody overtakes one that the node's room is too small for; one that is bounded by its own
///   function's budget or its ancestors does not stand in the way of others.
/// - **Giving up** goes from the other end: when nobody was helped for `patience`, the last in the order loses its
///   tripwire, so that it meets its own limit as it would have without a rescue, and frees room for the others. One at a
///   time.
///
/// A value without clock or file.
public struct RescueBook: Sendable {
    private struct Entry {
        var request: RescueRequest
        /// Since when it waits; nil when it does not.
        var waitingSince: MonotonicTime?
        /// The order of arrival.
        var arrival: UInt64
    }

    private enum Obstacle { case none, own, node }

    /// The bounds.
    public var bounds: RescueBounds
    private var entries: [CgroupID: Entry] = [:]
    private var arrivals: UInt64 = 0
    private var lastHelp: MonotonicTime?

    /// Makes an empty book.
    public init(_ bounds: RescueBounds) { self.bounds = bounds }

    /// The containers that were raised and are still in flight, or wait.
    public var containers: [CgroupID] { Array(entries.keys) }

    /// How many wait.
    public var waitingCount: Int { entries.values.lazy.filter { $0.waitingSince != nil }.count }

    /// Whether a container waits.
    public func isWaiting(_ container: CgroupID) -> Bool { entries[container]?.waitingSince != nil }

    /// What all rescues in flight have above what their calls began with.
    public var granted: Bytes { entries.values.reduce(.zero) { $0 + ($1.request.limit - $1.request.granted) } }

    /// What was granted and is not used yet.
    public var outstanding: Bytes {
        entries.values.reduce(.zero) { sum, entry in
            guard entry.request.limit > entry.request.granted else { return sum }
            return sum + (entry.request.limit - max(entry.request.current, entry.request.granted))
        }
    }

    /// A container asks; what it asked before is replaced.
    public mutating func ask(_ request: RescueRequest, at time: MonotonicTime) {
        let known = entries[request.container]
        arrivals += 1
        entries[request.container] = Entry(
            request: request,
            waitingSince: known?.waitingSince ?? time,
            arrival: known?.arrival ?? arrivals
        )
    }

    /// What a container uses now, so that its promise does not count twice.
    public mutating func uses(_ current: Bytes, container: CgroupID) {
        entries[container]?.request.current = current
    }

    /// A container's last call ended, or it is gone, or it is not to be rescued any more.
    public mutating func ended(_ container: CgroupID) { entries[container] = nil }

    /// The raises that the room allows now, in the order in which they are to be done.
    ///
    /// - Parameter available: What the node could give without swapping (`MemAvailable`); nil: not known, and then
    ///   nothing is granted.
    public mutating func settle(available: Bytes?, at time: MonotonicTime) -> [RescueGrant] {
        guard let available else { return [] }
        var room = available - bounds.reserve - outstanding
        var spent = granted
        var grants: [RescueGrant] = []
        for container in order() {
            guard var entry = entries[container] else { continue }
            let (limit, obstacle) = greatestLimit(for: entry.request, room: room, spent: spent)
            if limit > entry.request.limit {
                room = room - (limit - max(entry.request.limit, entry.request.current))
                spent += limit - entry.request.limit
                entry.request.limit = limit
                entry.waitingSince = nil
                entries[container] = entry
                grants.append(RescueGrant(container: container, limit: limit))
            } else if obstacle == .node {
                break
            }
        }
        if !grants.isEmpty { lastHelp = time }
        return grants
    }

    /// The container to be given up now; nil when none is, or not yet.
    ///
    /// It is forgotten.
    public mutating func giveUp(at time: MonotonicTime) -> CgroupID? {
        guard let oldest = entries.values.compactMap(\.waitingSince).min() else { return nil }
        let since = max(oldest, lastHelp ?? oldest)
        guard time >= since.advanced(by: bounds.patience), let last = order().last else { return nil }
        entries[last] = nil
        lastHelp = time
        return last
    }

    /// The waiting containers in the order in which they are saved.
    public func order() -> [CgroupID] {
        entries.values.filter { $0.waitingSince != nil }.sorted(by: Self.isBefore).map(\.request.container)
    }

    private static func isBefore(_ left: Entry, _ right: Entry) -> Bool {
        if left.request.priority != right.request.priority { return left.request.priority > right.request.priority }
        if left.request.wanted != right.request.wanted { return left.request.wanted < right.request.wanted }
        return left.arrival < right.arrival
    }

    /// How far a limit can go, and what keeps it from going further; the limit itself when a raise is not worth it.
    private func greatestLimit(
        for request: RescueRequest,
        room: Bytes,
        spent: Bytes
    ) -> (limit: Bytes, obstacle: Obstacle) {
        var own = min(request.wanted, request.greatest)
        if let budget = bounds.functionBudget { own = min(own, request.limit + (budget - grantedTo(request.function))) }
        var limit = min(own, max(request.limit, request.current) + room)
        if let budget = bounds.budget { limit = min(limit, request.limit + (budget - spent)) }
        let isBlockedByNode = limit < own
        let step = min(bounds.minimumStep, max(request.wanted - request.limit, Bytes(1)))
        if limit < request.limit + step { return (request.limit, isBlockedByNode ? .node : .own) }
        return (limit, limit >= request.wanted ? .none : isBlockedByNode ? .node : .own)
    }

    private func grantedTo(_ function: String) -> Bytes {
        entries.values.reduce(.zero) { sum, entry in
            entry.request.function == function ? sum + (entry.request.limit - entry.request.granted) : sum
        }
    }
}
