import FuyunInvocation
import Testing

@testable import FuyunAgent

@Suite("Features of two versions")
struct JointVariablesTests {
    private func variables(_ names: [String]) -> [RecordedFeatures.Variable] {
        names.map { RecordedFeatures.Variable($0) }
    }

    @Test("the active version's come first, then those that only the candidate reads")
    func joint() throws {
        let joint = try #require(
            PolicySnapshot.JointVariables(variables(["a", "b"]), and: variables(["c", "b", "d"]))
        )
        #expect(joint.variables == variables(["a", "b", "c", "d"]))
        #expect(joint.own == 2)
        #expect(joint.places == [0, 2])
    }

    @Test("there are none where the candidate adds nothing, and no more than are recorded")
    func bounded() throws {
        #expect(PolicySnapshot.JointVariables(variables(["a", "b"]), and: variables(["b"])) == nil)
        let many = variables((0..<RecordedFeatures.capacity).map { "v\($0)" })
        #expect(PolicySnapshot.JointVariables(many, and: variables(["x"])) == nil)
        let most = try #require(PolicySnapshot.JointVariables(Array(many.dropLast()), and: variables(["x", "y"])))
        #expect(most.variables.count == RecordedFeatures.capacity && most.places == [0])
    }
}
