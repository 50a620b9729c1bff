import CLoad
import Glibc

/// The C client as Swift values; whatever fails ends the benchmark, since there is nothing to measure then.
public enum Load {
    /// Starts the rival's echo server; its process.
    public static func startEcho(at path: String) -> CInt { check(load_start_echo(path)) }

    /// Keeps a process on one core, or (nil) lets it go where the kernel likes.
    public static func pin(_ process: CInt, to core: Int?) { check(load_pin(process, CInt(core ?? -1))) }

    /// How many cores this machine has.
    public static var cores: Int { sysconf(CInt(_SC_NPROCESSORS_ONLN)) }

    /// Starts the function's HTTP server; its port.
    public static func startHTTP() -> UInt16 {
        var port: UInt16 = 0
        check(load_start_http(&port))
        return port
    }

    /// A port on which nobody listens.
    public static func freePort() -> UInt16 {
        var port: UInt16 = 0
        check(load_free_port(&port))
        return port
    }

    /// Connects to a Unix socket.
    public static func connect(_ path: String) -> CInt { check(load_connect_unix(path)) }

    /// Connects to a port of 127.0.0.1.
    public static func connect(_ port: UInt16) -> CInt { check(load_connect_tcp(port)) }

    /// Round trips of a payload; nanoseconds each.
    public static func echo(_ socket: CInt, _ payload: [UInt8], _ count: Int) -> [UInt64] {
        times(count) { check(load_echo(socket, payload, payload.count, count, $0)) }
    }

    /// Exchanges of an HTTP request, with a pause in microseconds after each; nanoseconds each.
    public static func exchange(_ socket: CInt, _ request: [UInt8], _ count: Int, pause: UInt64 = 0) -> [UInt64] {
        times(count) { check(load_exchange(socket, request, request.count, 200, count, pause, $0)) }
    }

    /// Calls of the agent, each begun and ended; nanoseconds of both.
    public static func calls(_ socket: CInt, _ begin: [UInt8], _ count: Int) -> (begin: [UInt64], end: [UInt64]) {
        var ends: [UInt64] = []
        let begins = times(count) { begins in
            ends = times(count) { check(load_calls(socket, begin, begin.count, count, begins, $0)) }
        }
        return (begins, ends)
    }

    /// Calls on several connections at once; how many, and in how many seconds.
    public static func pairs(
        at path: String,
        connections: Int,
        _ begin: [UInt8],
        seconds: Double
    ) -> (pairs: Double, seconds: Double) {
        var (pairs, nanoseconds): (UInt64, UInt64) = (0, 0)
        check(load_pairs(path, CInt(connections), begin, begin.count, seconds, &pairs, &nanoseconds))
        return (Double(pairs), Double(nanoseconds) / 1e9)
    }

    /// Sends one call with a long body, and looks at something after each MiB of it.
    public static func upload(_ socket: CInt, bytes: Int, look: () -> Void) {
        withoutActuallyEscaping(look) { look in
            var look = look
            withUnsafeMutablePointer(to: &look) { context in
                let call: @convention(c) (UnsafeMutableRawPointer?) -> Void = {
                    $0?.assumingMemoryBound(to: (() -> Void).self).pointee()
                }
                check(load_upload(socket, UInt64(bytes), 200, call, context))
            }
        }
    }

    private static func times(_ count: Int, _ body: (UnsafeMutablePointer<UInt64>) -> Void) -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: count) { buffer, used in
            buffer.initialize(repeating: 0)
            if let base = buffer.baseAddress { body(base) }
            used = count
        }
    }

    @discardableResult
    private static func check(_ result: CInt) -> CInt {
        if result < 0 { exit(1) }
        return result
    }
}
