import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Glibc
import Testing

/// A process that ingests is killed again and again: what it was told is stored is there, once.
@Suite struct CrashTests {
    private static let rounds = 15
    private static let batchSize: UInt64 = 40
    private static let callsPerRound: UInt64 = 80
    private static let nodes = ["node-a", "node-b"]

    /// What the parent tells the child.
    private enum Variable {
        static let database = "FUYUN_STORE_CRASH_DATABASE"
        static let acknowledged = "FUYUN_STORE_CRASH_ACKNOWLEDGED"
        static let first = "FUYUN_STORE_CRASH_FIRST"

        static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    }

    @Test("the child: ingests until it is killed", .enabled(if: Variable.value(Variable.database) != nil))
    func ingestUntilKilled() async throws {
        let path = try #require(Variable.value(Variable.database))
        let file = open(try #require(Variable.value(Variable.acknowledged)), O_WRONLY | O_APPEND)
        var number = try #require(Variable.value(Variable.first).flatMap(UInt64.init))
        let store = try await SQLiteStore.open(path: path)
        let rules = RetentionRules(observationsPerFunction: .max, events: 1)
        // A parent that is slow to kill must not find more rows than the store answers with.
        let last = number + Self.callsPerRound
        while number < last {
            let records = (0..<Self.batchSize).map { observation(number * Self.batchSize + $0) }
            let batches = Self.nodes.map { batch(records, from: number * Self.batchSize, node: $0) }
            _ = try await store.ingest(batches, at: moment(Int64(number)))
            // Now and then retention runs in between, as it does in a coordinator; here it only takes events.
            if number % 8 == 7 { _ = try await store.prune(rules, at: moment(Int64(number))) }
            let line = Array("\(number)\n".utf8)
            try #require(write(file, line, line.count) == line.count)
            number += 1
        }
        while true { try await Task.sleep(for: .seconds(1)) }
    }

    @Test("killed in the middle of ingest: nothing acknowledged is lost, nothing is stored twice")
    func killed() async throws {
        let directory = TemporaryDirectory()
        let (database, list) = (directory.file("fuyun.db"), directory.file("acknowledged"))
        close(open(list, O_WRONLY | O_CREAT, 0o600))
        for round in 0..<Self.rounds {
            let before = acknowledged(list)
            // What a client does that got no answer: it sends the last ones again.
            let first = UInt64(max(0, before.count - 2))
            let child = try start([
                Variable.database: database, Variable.acknowledged: list, Variable.first: "\(first)",
            ])
            var polls = 0
            while acknowledged(list).count < before.count + 1 + round % 5, polls < 4000 {
                try await Task.sleep(for: .milliseconds(5))
                polls += 1
            }
            // At different moments of the next call.
            usleep(UInt32(round * 700 % 5000))
            kill(child, SIGKILL)
            var status: CInt = 0
            waitpid(child, &status, 0)
            try #require(polls < 4000, "the child did not get on")
        }
        let numbers = Set(acknowledged(list))
        #expect(numbers.count > Self.rounds)

        let store = try await SQLiteStore.open(path: database)
        let found = try await store.observations(of: "guest/video", limit: 100_000)
        for node in Self.nodes {
            let sequences = found.filter { $0.node == node }.map(\.record.id.sequence)
            #expect(Set(sequences).count == sequences.count, "stored twice")
            let stored = Set(sequences)
            let lost = numbers.filter { number in
                !(0..<Self.batchSize).allSatisfy { stored.contains(number * Self.batchSize + $0) }
            }
            #expect(lost.isEmpty)
            // A call is whole or not at all.
            #expect(sequences.count % Int(Self.batchSize) == 0)
        }
        #expect(try await store.function("guest/video")?.observationCount == found.count)
        try await store.close()
    }

    private func acknowledged(_ path: String) -> [UInt64] {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = max(0, read(file, &bytes, bytes.count))
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").compactMap { UInt64($0) }
    }

    /// Starts this very test program with only the child's test.
    private func start(_ variables: [String: String]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for output in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0)
        }
        let words = ["store-tests", "--testing-library", "swift-testing", "--filter", "CrashTests/ingestUntilKilled"]
        var arguments = words.map { strdup($0) } + [nil]
        var environment = variables.map { strdup("\($0.key)=\($0.value)") }
        var position = 0
        while let entry = environ[position] {
            environment.append(strdup(entry))
            position += 1
        }
        environment.append(nil)
        defer { for pointer in arguments + environment { free(pointer) } }
        var child: pid_t = 0
        try #require(posix_spawn(&child, "/proc/self/exe", &actions, nil, &arguments, &environment) == 0)
        return child
    }
}
