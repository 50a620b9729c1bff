extension OpenAPIDocument {
    /// The member `components`.
    static let components = """
        "components": {
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A token out of the coordinator's files. Without files everything is open, on loopback only."}},
        "parameters": {
          "node": {"name": "node", "in": "path", "required": true, "description": "The node's name.", "schema": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": "^[A-Za-z0-9._:-]+$"}},
          "function": {"name": "function", "in": "path", "required": true, "description": "The function's name, with / as %2F.", "schema": {"$ref": "#/components/schemas/functionName"}},
          "version": {"name": "version", "in": "path", "required": true, "description": "The version's number.", "schema": {"$ref": "#/components/schemas/version"}},
          "limit": {"name": "limit", "in": "query", "description": "The most elements of a page.", "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}}
        },
        "responses": {
          "bad": \(refusal("A part of the request is not what is expected.")),
          "unauthorized": {"description": "No token, or none that is known.", "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}},
          "forbidden": \(refusal("The token is not good for this.")),
          "missing": \(refusal("The function or the version is not there.")),
          "tooSlow": \(refusal("The request did not arrive whole in time.")),
          "conflict": \(refusal("What is asked for contradicts what is there.")),
          "tooLarge": \(refusal("The body is larger than is read.")),
          "badPolicy": \(refusal("The document does not pass the check; diagnostics say why.")),
          "busy": {"description": "Too much at once, or the store cannot do it now: come again.", "headers": {"Retry-After": {"schema": {"type": "string"}}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}}
        },
        "schemas": {
        \(basicSchemas),
        \(nodeSchemas),
        \(operatorSchemas),
        \(draftSchemas)
        }
        }
        """

    private static func refusal(_ description: String) -> String {
        """
        {"description": "\(description)", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}}
        """
    }

    private static func page(_ key: String, of schema: String) -> String {
        """
        {"type": "object", "required": ["\(key)", "next"], "properties": {"\(key)": {"type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/\(schema)"}}, "next": {"type": ["string", "null"], "description": "What to ask for to get the next page."}}}
        """
    }

    private static let basicSchemas = """
        "error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "object", "required": ["code", "message"], "properties": {
          "code": {"type": "string"}, "message": {"type": "string"},
          "diagnostics": {"type": "array", "items": {"type": "object", "required": ["path", "code", "message"], "properties": {"path": {"type": "string"}, "code": {"type": "string"}, "message": {"type": "string"}}}}}}}},
        "sign": {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}},
        "functionName": {"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9._@:/-]+$"},
        "version": {"type": "integer", "minimum": 1, "maximum": 2147483647},
        "versionOrNone": {"type": ["integer", "null"], "minimum": 1, "maximum": 2147483647},
        "bytes": {"type": "integer", "minimum": 0, "maximum": 18446744073709551615},
        "bytesOrNone": {"type": ["integer", "null"], "minimum": 0, "maximum": 18446744073709551615},
        "limitOrNone": {"type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": 9007199254740992},
        "moment": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 253402300799999},
        "momentOrNone": {"type": ["integer", "null"], "format": "int64", "minimum": 0},
        "mode": {"enum": ["observe", "shadow", "canary", "enforce"]},
        "policyStatus": {"enum": ["draft", "shadow", "canary", "active", "retired"]},
        "policyDocument": {"type": "object", "description": "A document of the schema fuyun.policy/v1; docs/policy-language.md has it whole.", "required": ["schema", "metadata", "inputs", "logic", "safety"],
          "properties": {"schema": {"const": "fuyun.policy/v1"}, "metadata": {"type": "object"}, "inputs": {"type": "object"}, "logic": {"type": "object"}, "safety": {"type": "object"}}}
        """

    private static let nodeSchemas = """
        "policies": {"type": "object", "required": ["schema", "revision", "full", "mode_cap", "functions"], "properties": {
          "schema": {"const": "fuyun.policies/v1"}, "revision": {"type": "integer", "format": "int64", "minimum": 0},
          "full": {"type": "boolean", "description": "Whether functions that are not named have no policy."}, "mode_cap": {"$ref": "#/components/schemas/mode"},
          "functions": {"type": "array", "items": {"type": "object", "required": ["function", "mode_cap", "policies"], "properties": {
            "function": {"$ref": "#/components/schemas/functionName"}, "mode_cap": {"$ref": "#/components/schemas/mode"},
            "preset_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "minimum_bytes": {"$ref": "#/components/schemas/bytesOrNone"},
            "maximum_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "tier_bytes": {"$ref": "#/components/schemas/bytesOrNone"},
            "policies": {"type": "array", "items": {"$ref": "#/components/schemas/policyDocument"}}}}}}},
        "observations": {"type": "object", "required": ["schema", "epoch", "observations"], "properties": {
          "schema": {"const": "fuyun.observations/v1"}, "epoch": {"type": "integer", "minimum": 0, "maximum": 18446744073709551615},
          "observations": {"type": "array", "maxItems": 5000, "items": {"type": "object", "required": ["sequence", "observation"], "properties": {
            "sequence": {"type": "integer", "minimum": 0, "maximum": 18446744073709551615}, "observation": {"$ref": "#/components/schemas/observation"}}}}}},
        "observation": {"type": "object", "required": ["schema", "id", "function", "began_ms", "duration_ms", "need", "outcome"], "properties": {
          "schema": {"const": "fuyun.observation/v1"}, "id": {"type": "string", "pattern": "^[0-9a-f]{1,8}-[1-9][0-9]{0,9}$"},
          "function": {"$ref": "#/components/schemas/functionName"}, "began_ms": {"$ref": "#/components/schemas/moment"},
          "duration_ms": {"type": "number", "minimum": 0, "maximum": 32000000000},
          "need": {"type": "object", "required": ["lower_bytes", "upper_bytes"], "properties": {
            "lower_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "upper_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "censored": {"type": "boolean"}}},
          "outcome": {"enum": ["success", "error", "timeout", "crashed", "abandoned"]}, "known": {"type": "boolean"}, "mode": {"$ref": "#/components/schemas/mode"},
          "limit_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "ceiling_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "peak_bytes": {"$ref": "#/components/schemas/bytesOrNone"},
          "held": {"type": "boolean"}, "thrashing": {"type": "boolean"}}},
        "observationsAnswer": {"type": "object", "required": ["stored", "duplicates", "sampling"], "properties": {
          "stored": {"type": "integer", "minimum": 0}, "duplicates": {"type": "integer", "minimum": 0},
          "sampling": {"type": "object", "description": "Shares of unremarkable observations to send from now on.", "required": ["default", "functions"], "properties": {
            "default": {"type": "number", "minimum": 0, "maximum": 1}, "functions": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1}}}}}}
        """

    private static let draftSchemas = """
        "draftID": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 9223372036854775807},
        "draftRequest": {"type": "object", "description": "What a draft is made of; docs/drafter.md has it whole.", "required": ["schema", "source"], "properties": {
          "schema": {"const": "fuyun.draft-request/v1"}, "runtime": {"type": "string", "minLength": 1, "maxLength": 128},
          "payload": {"$ref": "#/components/schemas/payloadShape"}, "source": {"type": "object"}}},
        "draft": {"type": "object", "required": ["id", "function", "state", "cause", "dry_run", "created_ms", "ended_ms", "summary", "versions", "model", "prompt_digest", "calls", "prompt_tokens", "completion_tokens", "cost", "draft"], "properties": {
          "id": {"$ref": "#/components/schemas/draftID"}, "function": {"$ref": "#/components/schemas/functionName"},
          "state": {"enum": ["open", "done", "failed"]}, "cause": {"enum": ["operator", "second_thoughts"]}, "dry_run": {"type": "boolean"},
          "created_ms": {"$ref": "#/components/schemas/moment"}, "ended_ms": {"$ref": "#/components/schemas/momentOrNone"}, "summary": {"type": "string"},
          "versions": {"type": "array", "description": "The versions that its candidates became, the best first.", "items": {"$ref": "#/components/schemas/version"}},
          "model": {"type": ["string", "null"]}, "prompt_digest": {"type": ["string", "null"]}, "calls": {"type": "integer", "minimum": 0},
          "prompt_tokens": {"type": "integer", "minimum": 0}, "completion_tokens": {"type": "integer", "minimum": 0}, "cost": {"type": ["number", "null"], "minimum": 0},
          "draft": {"type": ["object", "null"], "description": "Candidates with rationale and diagnostics, and the steps; null in lists and while it is open."}}},
        "draftPage": \(page("drafts", of: "draft")),
        "shape": {"type": "object", "required": ["function", "changed_ms", "shape"], "properties": {
          "function": {"$ref": "#/components/schemas/functionName"}, "changed_ms": {"$ref": "#/components/schemas/momentOrNone"}, "shape": {"oneOf": [{"$ref": "#/components/schemas/payloadShape"}, {"type": "null"}]}}},
        "payloadShape": {"type": "object", "required": ["payloads", "leaves"], "additionalProperties": false, "properties": {
          "payloads": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
          "body_bytes": {"$ref": "#/components/schemas/magnitudes"},
          "leaves": {"type": "array", "maxItems": 64, "items": {"type": "object", "required": ["pointer", "kind", "count"], "properties": {
            "pointer": {"type": "string"}, "kind": {"enum": ["number", "numeric_text", "text", "array", "object", "boolean", "null"]},
            "range": {"$ref": "#/components/schemas/magnitudes"}, "integer": {"type": "boolean"}, "count": {"type": "integer", "minimum": 0, "maximum": 9007199254740991}}}}}},
        "magnitudes": {"type": "array", "description": "The least and greatest, each moved outward to a power of two.", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
        "shapes": {"type": "object", "required": ["schema", "functions"], "additionalProperties": false, "properties": {
          "schema": {"const": "fuyun.shapes/v1"}, "functions": {"type": "array", "maxItems": 1000, "items": {"type": "object", "required": ["function", "shape"], "additionalProperties": false, "properties": {
            "function": {"$ref": "#/components/schemas/functionName"}, "shape": {"$ref": "#/components/schemas/payloadShape"}}}}}}
        """

    private static let operatorSchemas = """
        "registration": {"type": "object", "additionalProperties": false, "properties": {
          "runtime": {"type": ["string", "null"], "minLength": 1, "maxLength": 128}, "source_digest": {"type": ["string", "null"], "minLength": 1, "maxLength": 256},
          "preset_bytes": {"$ref": "#/components/schemas/limitOrNone"}, "minimum_bytes": {"$ref": "#/components/schemas/limitOrNone"},
          "maximum_bytes": {"$ref": "#/components/schemas/limitOrNone"}, "tier_bytes": {"$ref": "#/components/schemas/limitOrNone"}}},
        "function": {"type": "object", "required": ["function", "pinned_version", "never_lower", "excluded", "active_version", "candidate_version", "newest_version", "observations", "created_ms", "updated_ms", "last_observed_ms"], "properties": {
          "function": {"$ref": "#/components/schemas/functionName"}, "runtime": {"type": ["string", "null"]}, "source_digest": {"type": ["string", "null"]},
          "preset_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "minimum_bytes": {"$ref": "#/components/schemas/bytesOrNone"},
          "maximum_bytes": {"$ref": "#/components/schemas/bytesOrNone"}, "tier_bytes": {"$ref": "#/components/schemas/bytesOrNone"},
          "pinned_version": {"$ref": "#/components/schemas/versionOrNone"}, "never_lower": {"type": "boolean"}, "excluded": {"type": "boolean"},
          "active_version": {"$ref": "#/components/schemas/versionOrNone"}, "candidate_version": {"$ref": "#/components/schemas/versionOrNone"},
          "candidate_status": {"enum": ["shadow", "canary", null], "description": "Told for a single function only."},
          "newest_version": {"type": "integer", "minimum": 0}, "observations": {"type": "integer", "minimum": 0},
          "created_ms": {"$ref": "#/components/schemas/moment"}, "updated_ms": {"$ref": "#/components/schemas/moment"}, "last_observed_ms": {"$ref": "#/components/schemas/momentOrNone"}}},
        "functionPage": \(page("functions", of: "function")),
        "functionSwitches": {"type": "object", "additionalProperties": false, "properties": {
          "pinned_version": {"$ref": "#/components/schemas/versionOrNone"}, "never_lower": {"type": "boolean"}, "excluded": {"type": "boolean"}}},
        "switches": {"type": "object", "required": ["mode_cap", "tuning"], "properties": {"mode_cap": {"$ref": "#/components/schemas/mode"}, "tuning": {"type": "boolean"}}},
        "switchesChange": {"type": "object", "additionalProperties": false, "properties": {"mode_cap": {"$ref": "#/components/schemas/mode"}, "tuning": {"type": "boolean"}}},
        "policyItem": {"type": "object", "required": ["version", "status", "supersedes", "author", "reason", "created_ms", "status_since_ms", "figures"], "properties": {
          "version": {"$ref": "#/components/schemas/version"}, "status": {"$ref": "#/components/schemas/policyStatus"}, "supersedes": {"$ref": "#/components/schemas/versionOrNone"},
          "author": {"type": "string"}, "reason": {"type": "string"}, "created_ms": {"$ref": "#/components/schemas/moment"}, "status_since_ms": {"$ref": "#/components/schemas/moment"},
          "figures": {"type": ["object", "null"], "required": ["calls", "misses", "waste"], "properties": {"calls": {"type": "integer", "minimum": 0}, "misses": {"type": "integer", "minimum": 0}, "waste": {"type": ["number", "null"]}}}}},
        "policyPage": \(page("policies", of: "policyItem")),
        "policy": {"allOf": [{"$ref": "#/components/schemas/policyItem"}, {"type": "object", "required": ["function", "document", "notes"], "properties": {
          "function": {"$ref": "#/components/schemas/functionName"}, "document": {"$ref": "#/components/schemas/policyDocument"}, "notes": {"type": ["object", "null"]}}}]},
        "policyDiff": {"type": "object", "required": ["from", "to", "changes"], "properties": {"from": {"$ref": "#/components/schemas/version"}, "to": {"$ref": "#/components/schemas/version"},
          "changes": {"type": "array", "items": {"type": "object", "required": ["path", "from", "to"], "properties": {"path": {"type": "string"}, "from": {"description": "The value; null where there is none."}, "to": {"description": "The value; null where there is none."}}}}}},
        "ladderRequest": {"type": "object", "additionalProperties": false, "properties": {"reason": {"type": ["string", "null"], "maxLength": 500}, "pin": {"type": "boolean"}}},
        "ladderAnswer": {"type": "object", "required": ["function", "version", "status", "active_version", "candidate_version", "revision"], "properties": {
          "function": {"$ref": "#/components/schemas/functionName"}, "version": {"$ref": "#/components/schemas/version"}, "status": {"$ref": "#/components/schemas/policyStatus"},
          "active_version": {"$ref": "#/components/schemas/versionOrNone"}, "candidate_version": {"$ref": "#/components/schemas/versionOrNone"}, "revision": {"type": "integer", "minimum": 0}}},
        "tuneReport": {"type": "object", "required": ["function", "samples", "decision", "why", "current", "proposal", "candidates", "verification"], "properties": {
          "function": {"$ref": "#/components/schemas/functionName"}, "samples": {"type": "integer", "minimum": 0}, "decision": {"type": "string"}, "why": {"type": "string"},
          "current": {"type": ["object", "null"]}, "proposal": {"type": ["object", "null"]}, "candidates": {"type": "array", "items": {"type": "object"}}, "verification": {"type": ["object", "null"]}}},
        "node": {"type": "object", "required": ["node", "agent_version", "revision", "observations", "created_ms", "seen_ms"], "properties": {
          "node": {"type": "string"}, "agent_version": {"type": ["string", "null"]}, "revision": {"type": ["integer", "null"]}, "observations": {"type": "integer", "minimum": 0},
          "created_ms": {"$ref": "#/components/schemas/moment"}, "seen_ms": {"$ref": "#/components/schemas/moment"}}},
        "nodePage": \(page("nodes", of: "node")),
        "event": {"type": "object", "required": ["id", "time_ms", "kind", "function", "version", "node", "message"], "properties": {
          "id": {"type": "integer", "format": "int64", "minimum": 1}, "time_ms": {"$ref": "#/components/schemas/moment"}, "kind": {"type": "string"}, "function": {"type": ["string", "null"]},
          "version": {"type": ["integer", "null"]}, "node": {"type": ["string", "null"]}, "message": {"type": "string"}}},
        "eventPage": \(page("events", of: "event")),
        "status": {"type": "object", "required": ["version", "started_ms", "ready", "revision", "last_event", "switches", "waiting_nodes", "tuner_queue"], "properties": {
          "version": {"type": "string"}, "started_ms": {"$ref": "#/components/schemas/moment"}, "ready": {"type": "boolean"}, "revision": {"type": "integer", "minimum": 0}, "last_event": {"type": "integer", "minimum": 0},
          "switches": {"$ref": "#/components/schemas/switches"}, "waiting_nodes": {"type": "integer", "minimum": 0}, "tuner_queue": {"type": "integer", "minimum": 0}}}
        """
}
