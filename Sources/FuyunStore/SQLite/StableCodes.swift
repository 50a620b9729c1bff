import FuyunPolicy
import FuyunProtocol

// The numbers that stand for words in stored observations. They never change: a new case gets a new number.

extension Mode {
    var code: UInt8 {
        switch self {
        case .observe: 0
        case .shadow: 1
        case .canary: 2
        case .enforce: 3
        }
    }

    /// The mode of the two lowest bits.
    init(code: UInt8) {
        self =
            switch code & 3 {
            case 0: .observe
            case 1: .shadow
            case 2: .canary
            default: .enforce
            }
    }
}

extension ObservationRecord.Outcome {
    var code: UInt8 {
        switch self {
        case .success: 0
        case .error: 1
        case .timeout: 2
        case .crashed: 3
        case .abandoned: 4
        }
    }

    init?(code: UInt8) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}

extension EndAnswer.OutOfMemory.Class {
    /// From 1: 0 says that there was none.
    var code: UInt8 {
        switch self {
        case .ownLimit: 1
        case .ancestorLimit: 2
        case .global: 3
        case .userspaceKiller: 4
        case .childOnly: 5
        case .group: 6
        case .runtimeHeap: 7
        case .externalKill: 8
        case .timeoutKill: 9
        case .unknown: 10
        }
    }

    init?(code: UInt8) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}

extension DecisionReason {
    var code: UInt8 {
        switch self {
        case .policy: 0
        case .noPolicy: 1
        case .missingFeature: 2
        case .wrongType: 3
        case .outOfRange: 4
        case .unknownCategory: 5
        case .emptyPayload: 6
        case .malformedPayload: 7
        case .payloadTooDeep: 8
        case .truncatedPayload: 9
        case .notFinite: 10
        case .notPositive: 11
        case .lawOpen: 12
        }
    }

    init?(code: UInt8) {
        guard let found = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = found
    }
}
