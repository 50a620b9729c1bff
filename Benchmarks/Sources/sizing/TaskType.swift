import FuyunPolicy
import FuyunTuning
import Glibc
import MemoryUnits

/// The task types of a workflow trace, each with the size of its input as its only feature and no more of a draft than that.
enum TaskType {
    static func read(_ path: String) -> [Stream] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block.prefix(count) }
        var places: [String: Int] = [:]
        var streams: [Stream] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst() {
            let cells = line.split(separator: ",", omittingEmptySubsequences: false)
            guard cells.count == 6, let x = Double(cells[2]), let y = Double(cells[3]), let seconds = Double(cells[5]),
                let need = Bytes(roundingUp: y)
            else { continue }
            let name = "\(cells[0])/\(cells[1])"
            let place = places[name] ?? streams.count
            if place == streams.count {
                places[name] = place
                streams.append(Stream(name: name, drafts: [draft], calls: []))
            }
            streams[place].calls.append(Stream.Call(features: ["x": .number(x)], need: need, seconds: seconds))
        }
        return streams.filter { $0.calls.count >= 34 }
    }

    private static let draft = PolicyDocument(
        metadata: PolicyMetadata(policyID: "task", version: 1, status: .shadow, origin: PolicyOrigin(kind: "human")),
        inputs: PolicyInputs(
            source: .payload,
            variables: [PolicyVariable(name: "x", kind: .number, range: 0...1e18, source: .json(pointer: "/x"))]
        ),
        logic: PolicyLogic(
            family: .linear,
            laws: [
                PolicyLaw(
                    base: 1,
                    terms: [PolicyTerm(name: "input", expression: "x", shape: .linear(coefficient: 0))]
                )
            ]
        ),
        safety: PolicySafety(headroom: 0.05)
    )
}
