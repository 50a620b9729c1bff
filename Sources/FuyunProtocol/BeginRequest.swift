public import FuyunPolicy

/// What the header of `POST /v1/invocations` says; its body is the payload as it is.
public struct BeginRequest: Hashable, Sendable {
    /// The function's name: 1…256 of `[A-Za-z0-9._@:/-]`.
    public var function: String
    /// The platform's id of the activation: at most 128 visible ASCII characters.
    public var activation: String?
    /// The moment after which the answer is of no use.
    public var deadline: Deadline?
    /// The payload's true size in bytes, when only its first part is sent.
    public var payloadLength: UInt64?
    /// The container that the call is for; to be believed on `platform.sock` only.
    public var container: ContainerReference?
    /// The call that ran out of memory and that this one tries again, with at least the limit that its end advised.
    public var retryOf: InvocationID?

    /// Makes a request.
    ///
    /// Names are checked when they are read and by `isFunctionName(_:)`, not here.
    public init(
        function: String,
        activation: String? = nil,
        deadline: Deadline? = nil,
        payloadLength: UInt64? = nil,
        container: ContainerReference? = nil,
        retryOf: InvocationID? = nil
    ) {
        self.function = function
        self.activation = activation
        self.deadline = deadline
        self.payloadLength = payloadLength
        self.container = container
        self.retryOf = retryOf
    }

    /// Reads the header of a request (NIO's `HTTPHeaders` is such a sequence).
    @inlinable  // so that the caller's sequence is walked without generic code
    public init(headers: some Sequence<(name: String, value: String)>) throws(ErrorAnswer) {
        var fields = FieldValues()
        for (name, value) in headers { try fields.take(name, value) }
        try self.init(fields)
    }

    @usableFromInline
    init(_ fields: FieldValues) throws(ErrorAnswer) {
        guard let function = fields.function else {
            throw ErrorAnswer(
                .missingFunction,
                "\(FuyunHeader.function) is missing; name the function, for example guest/resize"
            )
        }
        self.init(
            function: try CallNames.checkFunction(function),
            activation: try CallNames.checkActivation(fields.activation)
        )
        if let text = fields.deadline {
            guard let deadline = Deadline(text) else {
                throw ErrorAnswer(
                    .badRequest,
                    "\(FuyunHeader.deadline) is not a moment; give milliseconds since 1970, for example 1769000000123.5"
                )
            }
            self.deadline = deadline
        }
        if let text = fields.payloadLength {
            guard text.utf8.allSatisfy(\.isASCIIDigit), let length = UInt64(text) else {
                throw ErrorAnswer(.badRequest, "\(FuyunHeader.payloadLength) is not a number of bytes")
            }
            payloadLength = length
        }
        if let text = fields.container {
            guard let container = ContainerReference(text) else {
                throw ErrorAnswer(
                    .badRequest,
                    "\(FuyunHeader.container) is neither a container id (12…64 hexadecimal digits) nor a cgroup's path"
                )
            }
            self.container = container
        }
        if let text = fields.retryOf {
            guard let id = InvocationID(text) else {
                throw ErrorAnswer(
                    .badRequest,
                    "\(FuyunHeader.retryOf) is not the id of an invocation; give the one that its begin answered"
                )
            }
            retryOf = id
        }
    }

    /// The header fields that say this.
    public var headers: [(name: String, value: String)] {
        var fields = [(name: FuyunHeader.function, value: function)]
        if let activation { fields.append((FuyunHeader.activation, activation)) }
        if let deadline { fields.append((FuyunHeader.deadline, deadline.description)) }
        if let payloadLength { fields.append((FuyunHeader.payloadLength, String(payloadLength))) }
        if let container { fields.append((FuyunHeader.container, container.description)) }
        if let retryOf { fields.append((FuyunHeader.retryOf, retryOf.description)) }
        return fields
    }

    /// Whether a text can name a function on the wire.
    public static func isFunctionName(_ text: String) -> Bool { CallNames.isFunction(text) }

    /// Whether a text can be an activation's id on the wire.
    public static func isActivation(_ text: String) -> Bool { CallNames.isActivation(text) }
}

/// How a caller on `platform.sock` names a container.
public enum ContainerReference: Hashable, Sendable, LosslessStringConvertible {
    /// A container id, whole or its first digits: 12…64 hexadecimal digits in lower case.
    case id(String)
    /// The cgroup's path from the cgroup file system's mount point, with a leading slash.
    case path(String)

    /// Reads an id or a path; nil when it is neither.
    ///
    /// A path must not have empty, `.` or `..` components, and must not be the root itself.
    public init?(_ description: String) {
        let text = description.utf8
        if (12...64).contains(text.count), text.allSatisfy({ $0.lowercasedASCII.hexadecimalDigit != nil }) {
            self = .id(description.lowercased())
            return
        }
        guard text.count <= 4096, text.contains(UInt8(ascii: "/")), !text.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { return nil }
        let components = description.hasPrefix("/") ? description.dropFirst() : description[...]
        for component in components.split(separator: "/", omittingEmptySubsequences: false) {
            if component.isEmpty || component == "." || component == ".." || component.utf8.count > 255 { return nil }
        }
        self = .path("/" + components)
    }

    /// The id or the path.
    public var description: String {
        switch self {
        case .id(let text), .path(let text): text
        }
    }
}

/// The two names that both requests carry.
enum CallNames {
    static func isFunction(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { character in
                switch character {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "-")...UInt8(ascii: ":"),  // - . / 0…9 :
                    UInt8(ascii: "@"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    static func isActivation(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    static func checkFunction(_ text: String) throws(ErrorAnswer) -> String {
        guard isFunction(text) else {
            throw ErrorAnswer(
                .badFunction,
                "\(FuyunHeader.function) is not a function's name; give 1…256 of [A-Za-z0-9._@:/-]"
            )
        }
        return text
    }

    static func checkActivation(_ text: String?) throws(ErrorAnswer) -> String? {
        guard let text else { return nil }
        guard isActivation(text) else {
            throw ErrorAnswer(
                .badRequest,
                "\(FuyunHeader.activation) is not an id; give 1…128 visible ASCII characters, or leave it out"
            )
        }
        return text
    }
}

extension UInt8 {
    package var isASCIIDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
