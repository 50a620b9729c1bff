import Glibc
import SystemPackage

extension Spool {
    /// The first records that were not acknowledged, at most so many and about so many bytes; nil when there are none.
    ///
    /// Asked again without an acknowledgement it gives the same records again.
    mutating func batch(mostRecords: Int, mostBytes: Int) -> Batch? {
        while let segment = segments.first {
            let isWritten = writing != nil && segments.count == 1
            if isWritten, offset >= segment.size { break }
            do throws(Errno) {
                let (batch, end) = try read(segment, mostRecords, mostBytes)
                if let batch { return batch }
                switch end {
                case .unfinished where offset < segment.size: report(.truncated)
                case .bad: report(.corrupt)
                default: break
                }
            } catch {
                report(.failed(error))
                // Anything else may pass (too many open files, for one): it is tried again with the next batch.
                guard error == .noSuchFileOrDirectory || error == .ioError else { return nil }
            }
            if isWritten { seal() }
            // A segment that can neither be read nor removed would be met for ever.
            do throws(Errno) { try removeFirst() } catch { report(.failed(error)) }
        }
        return memoryBatch(mostRecords, mostBytes)
    }

    private func memoryBatch(_ mostRecords: Int, _ mostBytes: Int) -> Batch? {
        var batch = Batch(epoch: epoch, bytes: [], items: [])
        for entry in memory.entries.prefix(max(mostRecords, 1)) {
            let end = batch.bytes.count + entry.payload.count
            if !batch.items.isEmpty, end > mostBytes { break }
            let payload = batch.bytes.count..<end
            batch.items.append(Batch.Item(sequence: entry.sequence, payload: payload, end: .memory))
            batch.bytes += entry.payload
        }
        return batch.items.isEmpty ? nil : batch
    }

    /// Reads from the cursor on; without records, what stands in their place.
    private mutating func read(
        _ segment: Segment,
        _ mostRecords: Int,
        _ mostBytes: Int
    ) throws(Errno) -> (batch: Batch?, end: SpoolFormat.Place) {
        let descriptor: FileDescriptor
        if let open = reading, open.number == segment.number {
            descriptor = open.descriptor
        } else {
            try? reading?.descriptor.close()
            reading = nil
            descriptor = try files.open(segment.number)
            reading = (segment.number, descriptor)
        }
        guard let epoch = segment.epoch ?? Self.epoch(of: descriptor) else { return (nil, .bad) }
        segments[0].epoch = epoch
        var want = min(segment.size - offset, max(mostBytes, SpoolFormat.recordHeadSize))
        while true {
            let bytes = try Self.read(descriptor, at: offset, count: want)
            var items: [Batch.Item] = []
            var place = 0
            var found = SpoolFormat.Place.bad
            bytes.withUnsafeBytes { bytes in
                while items.count < max(mostRecords, 1) {
                    found = SpoolFormat.place(bytes, at: place)
                    guard case .record(let sequence, let payload, let end) = found else { return }
                    let position = Position.disk(segment: segment.number, offset: offset + end)
                    items.append(Batch.Item(sequence: sequence, payload: payload, end: position))
                    place = end
                }
            }
            if !items.isEmpty { return (Batch(epoch: epoch, bytes: bytes, items: items), found) }
            // A first record that is larger than was asked for, whole in the file, is read whole.
            guard case .unfinished(let size) = found, size > want, offset + size <= segment.size else {
                return (nil, found)
            }
            want = size
        }
    }

    /// Everything up to this record was taken by the coordinator, or is of no use to it.
    mutating func acknowledge(_ item: Batch.Item) {
        switch item.end {
        case .memory: memory.remove(through: item.sequence)
        case .disk(let number, let end):
            guard let first = segments.first, first.number == number, end > offset else { return }
            offset = end
            let isWritten = writing != nil && segments.count == 1
            if !isWritten, offset >= first.size {
                do throws(Errno) { try removeFirst() } catch { report(.failed(error)) }
            }
            storeCursor(
                SpoolFiles.Cursor(
                    segment: segments.first?.number ?? nextNumber,
                    epoch: segments.first?.epoch ?? epoch,
                    offset: offset,
                    sequence: item.sequence
                )
            )
        }
    }

    /// Removes the first segment; the cursor goes to the beginning of the next.
    mutating func removeFirst() throws(Errno) {
        let removed = segments.removeFirst()
        offset = SpoolFormat.headSize
        if reading?.number == removed.number {
            try? reading?.descriptor.close()
            reading = nil
        }
        try files.remove(removed.number)
    }

    /// Kept without a sync: what a crash of the machine takes of it is sent again.
    private mutating func storeCursor(_ cursor: SpoolFiles.Cursor) {
        do {
            if cursorFile == nil { cursorFile = try files.openCursor() }
            try cursorFile?.writeAll(toAbsoluteOffset: 0, cursor.line)
        } catch {
            report(.failed(error as? Errno ?? .ioError))
        }
    }

    /// The epoch that a segment's head tells; nil when it has none.
    func epoch(of segment: Segment) -> UInt64? {
        guard let descriptor = try? files.open(segment.number) else { return nil }
        defer { try? descriptor.close() }
        return Self.epoch(of: descriptor)
    }

    private static func epoch(of descriptor: FileDescriptor) -> UInt64? {
        (try? read(descriptor, at: 0, count: SpoolFormat.headSize))?.withUnsafeBytes { SpoolFormat.epoch(ofHead: $0) }
    }

    /// Reads so many bytes, or those that there are.
    static func read(_ descriptor: FileDescriptor, at offset: Int, count: Int) throws(Errno) -> [UInt8] {
        do {
            return try [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
                while filled < count {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                    let got = try descriptor.read(fromAbsoluteOffset: Int64(offset + filled), into: rest)
                    if got == 0 { return }
                    filled += got
                }
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}
