import CLinux
import Glibc
import SystemPackage

/// What a descriptor is waited for, and what came of it.
struct Readiness: OptionSet {
    let rawValue: UInt32

    /// There is something to read, or the end.
    static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to write.
    static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The other end is gone altogether, or the descriptor is broken; told without being asked for.
    static let hungUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// Whoever has a descriptor on the loop.
///
/// It lives on the loop's thread, and the loop keeps it until it leaves.
protocol DescriptorHandler: AnyObject {
    /// The descriptor is ready for something.
    func ready(_ readiness: Readiness)
    /// The loop ends: the descriptor is to be closed.
    func loopEnds()
}

/// The epoll instance of a loop and who waits for what (epoll(7)), level-triggered: what a handler leaves for later is told again.
///
/// It lives on the loop's thread.
final class Poller {
    /// Where a handler is kept.
    ///
    /// A place is used again, a ticket never: what the kernel says of a descriptor that was closed a moment ago reaches
    /// nobody.
    struct Ticket {
        fileprivate let place: Int
        fileprivate let generation: UInt32

        fileprivate var data: UInt64 { UInt64(generation) << 32 | UInt64(place) }
    }

    private struct Place {
        var handler: (any DescriptorHandler)?
        var generation: UInt32 = 0
    }

    /// How much is asked of the kernel at once.
    private static let mostEvents = 64

    private let epoll: CInt
    private let events: UnsafeMutablePointer<epoll_event>
    private var places: [Place] = []
    private var free: [Int] = []

    init() throws(Errno) {
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw Errno(rawValue: errno) }
        events = .allocate(capacity: Self.mostEvents)
    }

    deinit {
        events.deallocate()
        close(epoll)
    }

    /// Waits for a descriptor from now on; the handler is kept until it is removed.
    func add(
        _ descriptor: CInt,
        for readiness: Readiness,
        edges: Bool = false,
        _ handler: any DescriptorHandler
    ) throws(Errno) -> Ticket {
        let place = free.popLast() ?? places.count
        if place == places.count { places.append(Place()) }
        let ticket = Ticket(place: place, generation: places[place].generation)
        var event = epoll_event()
        event.events = readiness.rawValue | (edges ? EPOLLET.rawValue : 0)
        event.data.u64 = ticket.data
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
            let reason = Errno(rawValue: errno)
            free.append(place)
            throw reason
        }
        places[place].handler = handler
        return ticket
    }

    /// Waits for something else.
    func change(_ ticket: Ticket, _ descriptor: CInt, to readiness: Readiness) {
        var event = epoll_event()
        event.events = readiness.rawValue
        event.data.u64 = ticket.data
        epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event)
    }

    /// Forgets a descriptor, which is about to be closed.
    func remove(_ ticket: Ticket, _ descriptor: CInt) {
        var event = epoll_event()
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event)
        guard places[ticket.place].generation == ticket.generation else { return }
        places[ticket.place].handler = nil
        places[ticket.place].generation &+= 1
        free.append(ticket.place)
    }

    /// Waits, at most so many milliseconds (for ever when negative); answers how many descriptors are ready.
    func wait(_ milliseconds: CInt) -> Int {
        // Interrupted by a signal: nothing is ready, and the loop comes round again.
        max(0, Int(epoll_wait(epoll, events, CInt(Self.mostEvents), milliseconds)))
    }

    /// Tells the handlers of the descriptors that are ready.
    func dispatch(_ count: Int) {
        for index in 0..<count {
            let event = events[index]
            let place = Int(event.data.u64 & 0xFFFF_FFFF)
            guard places[place].generation == UInt32(event.data.u64 >> 32) else { continue }
            places[place].handler?.ready(Readiness(rawValue: event.events))
        }
    }

    /// Tells all that the loop ends.
    func end() {
        for place in places.indices {
            guard let handler = places[place].handler else { continue }
            places[place].handler = nil
            places[place].generation &+= 1
            free.append(place)
            handler.loopEnds()
        }
    }
}
