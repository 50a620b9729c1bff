import FuyunInvocation
import FuyunPolicy
import Testing

@Suite("The life of an invocation")
struct InvocationMachineTests {
    static func machine(in state: InvocationMachine.State) -> InvocationMachine {
        var machine = InvocationMachine()
        switch state {
        case .received: break
        case .running: machine.handle(.run)
        case .ended:
            machine.handle(.run)
            machine.handle(.end)
        case .abandoned: machine.handle(.abandon)
        }
        return machine
    }

    static let legal: [InvocationMachine.State: [InvocationMachine.Event: InvocationMachine.State]] = [
        .received: [.run: .running, .abandon: .abandoned],
        .running: [.end: .ended, .abandon: .abandoned],
        .ended: [:],
        .abandoned: [:],
    ]

    @Test(
        "every event in every state",
        arguments: InvocationMachine.State.allCases,
        InvocationMachine.Event.allCases
    )
    func transitions(state: InvocationMachine.State, event: InvocationMachine.Event) {
        var machine = Self.machine(in: state)
        #expect(machine.state == state)
        let transition = machine.handle(event)
        if let next = Self.legal[state]?[event] {
            #expect(transition == .moved(next))
            #expect(machine.state == next)
        } else {
            #expect(transition == .refused(event, in: state))
            #expect(machine.state == state)
        }
        #expect(state.isFinal == (Self.legal[state]?.isEmpty ?? false))
    }
}
