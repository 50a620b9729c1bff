import FuyunPolicy

/// The JSON schema of an answer, within what servers of structured output take: every member required, nothing else
/// allowed, options as `null`.
enum ReplySchemaText {
    static let json = String(decoding: root.encoded(pretty: false), as: UTF8.self)

    private static let root = object([
        (
            "analysis",
            object([
                ("summary", type("string")),
                (
                    "drivers",
                    array(
                        object([
                            ("name", type("string")), ("place", type("string", "null")), ("effect", type("string")),
                        ])
                    )
                ),
                ("outside_payload", array(type("string"))),
            ])
        ),
        ("proposal", object([("variables", array(variable)), ("skeletons", array(skeleton))])),
    ])

    private static let variable = object([
        ("name", type("string")),
        ("type", choice(["integer", "number", "category"])),
        ("unit", choice(Unit.allCases.map(\.rawValue), orNull: true)),
        ("minimum", type("number", "null")),
        ("maximum", type("number", "null")),
        ("values", array(type("string"), orNull: true)),
        ("source", choice(["json", "json_length", "number_of", "body", "header"])),
        ("at", type("string", "null")),
        ("default", type("number", "string", "null")),
    ])

    private static let coefficient = object([
        ("expected", type("number")), ("low", type("number")), ("high", type("number")),
    ])

    private static let skeleton = object([
        ("name", type("string")),
        ("family", choice(PolicyLogic.Family.allCases.map(\.rawValue))),
        ("select", type("string", "null")),
        ("rationale", type("string")),
        ("grows_with", array(type("string"))),
        (
            "laws",
            array(
                object([
                    ("when", type("string", "null")),
                    ("base", coefficient),
                    (
                        "terms",
                        array(
                            object([
                                ("name", type("string")),
                                ("expression", type("string")),
                                ("coefficient", .object([("anyOf", .array([coefficient, type("null")]))])),
                                ("exponent", type("number", "null")),
                                ("rate", type("number", "null")),
                                ("knots", array(array(type("number")), orNull: true)),
                            ])
                        )
                    ),
                ])
            )
        ),
    ])

    // MARK: Parts of a schema

    private static func type(_ names: String...) -> JSONValue {
        .object([("type", names.count == 1 ? .string(names[0]) : .array(names.map { .string($0) }))])
    }

    private static func choice(_ words: [String], orNull: Bool = false) -> JSONValue {
        let values: [JSONValue] = words.map { .string($0) } + (orNull ? [JSONValue(.null)] : [])
        return .object([
            ("type", orNull ? .array([.string("string"), .string("null")]) : .string("string")),
            ("enum", .array(values)),
        ])
    }

    private static func array(_ items: JSONValue, orNull: Bool = false) -> JSONValue {
        .object([
            ("type", orNull ? .array([.string("array"), .string("null")]) : .string("array")), ("items", items),
        ])
    }

    private static func object(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
        .object([
            ("type", .string("object")),
            ("properties", .object(members.map { ($0.key, Optional($0.value)) })),
            ("required", .array(members.map { .string($0.key) })),
            ("additionalProperties", JSONValue(.bool(false))),
        ])
    }
}
