public import NIOCore

/// The stream of events as it goes over the wire (`text/event-stream`, the HTML standard's server-sent events).
///
///     id: 17
///     event: policy.activated
///     data: {"id":17,…}
public enum EventStream {
    /// The media type.
    public static let mediaType = "text/event-stream"
    /// What is sent so that neither end takes the silence for a broken connection.
    public static let heartbeat = ": nothing new\n\n"
    /// How often that is sent.
    public static let heartbeatInterval = Duration.seconds(15)

    /// Appends an event to a stream.
    public static func append(_ event: CoordinatorAPI.Event, to buffer: inout ByteBuffer) {
        // A kind is a word; a line feed in it would end the field.
        let kind = event.kind.filter { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
        buffer.writeString("id: \(event.id)\nevent: \(kind)\ndata: ")
        event.write(into: &buffer)
        buffer.writeString("\n\n")
    }
}

/// Reads a stream of events piece by piece, wherever the pieces are cut.
///
/// The data are what counts; names and ids of the stream's own are repeated there.
public struct EventStreamReader: Sendable {
    /// The longest event that is read, in bytes.
    public static let maximumSize = 64 << 10

    /// What was not read yet: the start of a line.
    private var line: [UInt8] = []
    /// The data of the event that is being read.
    private var data: [UInt8] = []

    /// Starts.
    public init() {}

    /// Reads the next piece; gives the events that it completes.
    ///
    /// - Throws: `JSONError` for data that are no event, or one that is too long; the stream is then of no use.
    public mutating func read(_ piece: ByteBuffer) throws(JSONError) -> [CoordinatorAPI.Event] {
        var events: [CoordinatorAPI.Event] = []
        for byte in piece.readableBytesView {
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                if let event = try endLine() { events.append(event) }
                line.removeAll(keepingCapacity: true)
            } else {
                guard line.count + data.count < Self.maximumSize else {
                    throw JSONError(.outOfRange, "events of at most \(Self.maximumSize) bytes", at: 0)
                }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(JSONError) -> CoordinatorAPI.Event? {
        guard line.isEmpty else {
            let field = Array("data:".utf8)
            guard line.starts(with: field) else { return nil }
            if !data.isEmpty { data.append(UInt8(ascii: "\n")) }
            let value = line.dropFirst(field.count)
            data += value.first == UInt8(ascii: " ") ? value.dropFirst() : value
            return nil
        }
        guard !data.isEmpty else { return nil }
        defer { data.removeAll(keepingCapacity: true) }
        return try CoordinatorAPI.Event(parsing: ByteBuffer(bytes: data))
    }
}
