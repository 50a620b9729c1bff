import FuyunProtocol
import Glibc
import Testing

@testable import FuyunCoordinator

@Suite("Tokens and the gate")
struct AccessTests {
    private func book() throws -> TokenBook {
        var book = TokenBook()
        try book.addNodes(
            from: "# nodes\n\na \(Rig.nodeToken)\r\n b\t\(Rig.otherToken)\n* \(Rig.anyNodeToken)\n",
            path: "n"
        )
        try book.addOperators(from: "\(Rig.operatorToken)\n", path: "o")
        return book
    }

    @Test(
        "who may do what",
        arguments: [
            (nil, .nothing, nil), (nil, .node("a"), .unauthorized), (nil, .operator, .unauthorized),
            ("Bearer \(Rig.nodeToken)", .node("a"), nil), ("bearer \(Rig.nodeToken)", .node("a"), nil),
            ("Bearer \(Rig.nodeToken)", .node("b"), .forbidden), ("Bearer \(Rig.nodeToken)", .node("z"), .forbidden),
            ("Bearer \(Rig.nodeToken)", .operator, .forbidden), ("Bearer \(Rig.nodeToken)", .local, .forbidden),
            ("Bearer \(Rig.anyNodeToken)", .node("z"), nil), ("Bearer \(Rig.anyNodeToken)", .operator, .forbidden),
            ("Bearer \(Rig.operatorToken)", .node("a"), nil), ("Bearer \(Rig.operatorToken)", .operator, nil),
            ("Bearer \(Rig.operatorToken)", .local, nil), ("Bearer \(Rig.operatorToken)x", .operator, .unauthorized),
            ("Bearer \(Rig.operatorToken.dropLast())", .operator, .unauthorized), ("Bearer", .operator, .unauthorized),
            ("Bearer ", .operator, .unauthorized), ("Basic \(Rig.operatorToken)", .operator, .unauthorized),
            (Rig.operatorToken, .operator, .unauthorized), ("", .operator, .unauthorized),
        ] as [(String?, Gate.Demand, ErrorAnswer.Code?)]
    )
    func gate(header: String?, demand: Gate.Demand, refusal: ErrorAnswer.Code?) throws {
        let gate = Gate(try book())
        let credentials = Gate.Credentials(authorization: header, isLocal: false)
        if let refusal {
            let error = #expect(throws: ErrorAnswer.self) { try gate.admit(credentials, to: demand) }
            #expect(error?.code == refusal)
        } else {
            #expect(throws: Never.self) { try gate.admit(credentials, to: demand) }
        }
    }

    @Test("without tokens everything is open, and metrics always are on this machine")
    func open() throws {
        let nobody = Gate.Credentials(authorization: nil, isLocal: true)
        #expect(throws: Never.self) { try Gate(TokenBook()).admit(nobody, to: .operator) }
        let gate = Gate(try book())
        #expect(throws: Never.self) { try gate.admit(nobody, to: .local) }
        #expect(throws: ErrorAnswer.self) { try gate.admit(nobody, to: .operator) }
        gate.exchange(TokenBook())
        #expect(throws: Never.self) { try gate.admit(nobody, to: .operator) }
    }

    @Test(
        "a bad token file is refused with its line",
        arguments: [
            ("", "holds no token"), ("# nobody\n", "holds no token"), ("a short\n", "line 1"),
            ("token-alone-0123456789\n", "line 1"),
            ("a \(Rig.nodeToken)\na b c\n", "line 2"), ("a/b \(Rig.nodeToken)\n", "line 1"),
            ("a \(String(repeating: "x", count: 513))\n", "line 1"), ("a tökentökentökentöken\n", "line 1"),
        ]
    )
    func badNodes(text: String, word: String) {
        var book = TokenBook()
        let error = #expect(throws: TokenBook.FileError.self) { try book.addNodes(from: text, path: "/etc/nodes") }
        #expect(error?.description.contains(word) == true)
        #expect(error?.description.hasPrefix("/etc/nodes: ") == true)
    }

    @Test("a token file that everybody may read is refused, and so is one that is missing")
    func modes() async throws {
        try await Rig.withFolder { folder in
            let path = "\(folder)/operators"
            try Rig.write("\(Rig.operatorToken)\n", to: path, mode: 0o640)
            let files = CoordinatorConfiguration.TokenFiles(nodes: nil, operators: path)
            #expect(try TokenBook(files).entries.count == 1)
            try Rig.write("\(Rig.operatorToken)\n", to: path, mode: 0o644)
            #expect(throws: TokenBook.FileError.self) { try TokenBook(files) }
            unlink(path)
            #expect(throws: TokenBook.FileError.self) { try TokenBook(files) }
        }
    }
}
