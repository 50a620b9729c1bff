extension OpenAPIDocument {
    /// The member `paths`.
    static let paths = """
        "paths": {
        "/v1/nodes/{node}/policies": {
          "parameters": [{"$ref": "#/components/parameters/node"}],
          "get": {"operationId": "pollPolicies", "tags": ["nodes"], "summary": "What changed since a revision; waits for it when nothing did.",
            "parameters": [
              {"name": "after", "in": "query", "description": "The revision that the node has; without it everything is answered.", "schema": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 9223372036854775807}},
              {"name": "wait", "in": "query", "description": "How many seconds to wait for a change.", "schema": {"type": "integer", "minimum": 0, "maximum": 60}},
              {"name": "Fuyun-Agent-Version", "in": "header", "description": "The agent's version.", "schema": {"type": "string", "maxLength": 128, "pattern": "^[!-~]+$"}}
            ],
            "responses": {\(ok("policies")), \(refusals)}}
        },
        "/v1/nodes/{node}/observations": {
          "parameters": [{"$ref": "#/components/parameters/node"}],
          "post": {"operationId": "sendObservations", "tags": ["nodes"], "summary": "Stores a batch; answers once it is on disk. A batch that was stored before is counted and changes nothing.",
            "requestBody": \(body("observations", isRequired: true)),
            "responses": {\(ok("observationsAnswer")), \(bodyRefusals)}}
        },
        "/v1/nodes/{node}/shapes": {
          "parameters": [{"$ref": "#/components/parameters/node"}],
          "post": {"operationId": "sendShapes", "tags": ["nodes"], "summary": "Merges what the node saw of payloads into what is known of each function.",
            "requestBody": \(body("shapes", isRequired: true)),
            "responses": {"204": {"description": "It is stored."}, \(bodyRefusals)}}
        },
        "/v1/functions": {
          "get": {"operationId": "listFunctions", "tags": ["operators"], "summary": "Functions by name.",
            "parameters": [\(afterName), {"$ref": "#/components/parameters/limit"}],
            "responses": {\(ok("functionPage")), \(refusals)}}
        },
        "/v1/functions/{function}": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "get": {"operationId": "getFunction", "tags": ["operators"], "summary": "One function.",
            "responses": {\(ok("function")), \(missing), \(refusals)}},
          "put": {"operationId": "registerFunction", "tags": ["operators"], "summary": "Registers a function, or changes what was registered; its switches stay.",
            "requestBody": \(body("registration", isRequired: false)),
            "responses": {\(ok("function")), \(answer("201", "It was not known before.", "function")), \(bodyRefusals)}},
          "delete": {"operationId": "removeFunction", "tags": ["operators"], "summary": "Removes a function with all its policies and observations.",
            "responses": {"204": {"description": "It is gone."}, \(missing), \(refusals)}}
        },
        "/v1/functions/{function}/switches": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "patch": {"operationId": "changeFunctionSwitches", "tags": ["operators"], "summary": "Changes those switches that are named.",
            "requestBody": \(body("functionSwitches", isRequired: true)),
            "responses": {\(ok("function")), \(missing), \(conflict), \(bodyRefusals)}}
        },
        "/v1/functions/{function}/policies": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "get": {"operationId": "listPolicies", "tags": ["operators"], "summary": "The versions, newest first, with what calls under them came to.",
            "parameters": [{"name": "before", "in": "query", "description": "Only versions below this one.", "schema": {"$ref": "#/components/schemas/version"}}, {"$ref": "#/components/parameters/limit"}],
            "responses": {\(ok("policyPage")), \(missing), \(refusals)}},
          "post": {"operationId": "addPolicy", "tags": ["operators"], "summary": "Adds a version in draft or shadow; its number is given here.",
            "requestBody": \(body("policyDocument", isRequired: true)),
            "responses": {\(answer("201", "The version as it is stored.", "policy")), \(missing), \(conflict), \(badPolicy), \(bodyRefusals)}}
        },
        "/v1/functions/{function}/policies/{version}": {
          "parameters": [{"$ref": "#/components/parameters/function"}, {"$ref": "#/components/parameters/version"}],
          "get": {"operationId": "getPolicy", "tags": ["operators"], "summary": "A version with its document.",
            "responses": {\(ok("policy")), \(missing), \(refusals)}}
        },
        "/v1/functions/{function}/policies/{version}/diff": {
          "parameters": [{"$ref": "#/components/parameters/function"}, {"$ref": "#/components/parameters/version"}],
          "get": {"operationId": "diffPolicies", "tags": ["operators"], "summary": "What differs between two versions.",
            "parameters": [{"name": "to", "in": "query", "required": true, "description": "The version to compare with.", "schema": {"$ref": "#/components/schemas/version"}}],
            "responses": {\(ok("policyDiff")), \(missing), \(refusals)}}
        },
        "/v1/functions/{function}/policies/{version}/activate": {
          "parameters": [{"$ref": "#/components/parameters/function"}, {"$ref": "#/components/parameters/version"}],
          "post": {"operationId": "activatePolicy", "tags": ["operators"], "summary": "Makes a version the active one, whatever the ladder thinks.",
            "requestBody": \(body("ladderRequest", isRequired: false)),
            "responses": {\(ok("ladderAnswer")), \(missing), \(conflict), \(bodyRefusals)}}
        },
        "/v1/functions/{function}/policies/{version}/retire": {
          "parameters": [{"$ref": "#/components/parameters/function"}, {"$ref": "#/components/parameters/version"}],
          "post": {"operationId": "retirePolicy", "tags": ["operators"], "summary": "Takes a version out of use.",
            "requestBody": \(body("ladderRequest", isRequired: false)),
            "responses": {\(ok("ladderAnswer")), \(missing), \(conflict), \(bodyRefusals)}}
        },
        "/v1/functions/{function}/rollback": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "post": {"operationId": "rollBack", "tags": ["operators"], "summary": "Goes back from the active version to the one before.",
            "requestBody": \(body("ladderRequest", isRequired: false)),
            "responses": {\(ok("ladderAnswer")), \(missing), \(conflict), \(bodyRefusals)}}
        },
        "/v1/functions/{function}/tune": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "post": {"operationId": "tune", "tags": ["operators"], "summary": "Runs the tuner now.",
            "parameters": [{"name": "dry_run", "in": "query", "description": "Only report what would change.", "schema": {"type": "boolean"}}],
            "responses": {\(ok("tuneReport")), \(missing), \(conflict), \(refusals)}}
        },
        "/v1/functions/{function}/drafts": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "get": {"operationId": "listDrafts", "tags": ["operators"], "summary": "The latest drafts, newest first, without what was asked and answered.",
            "parameters": [{"name": "before", "in": "query", "description": "Only drafts below this id.", "schema": {"$ref": "#/components/schemas/draftID"}}, {"$ref": "#/components/parameters/limit"}],
            "responses": {\(ok("draftPage")), \(missing), \(refusals)}},
          "post": {"operationId": "draft", "tags": ["operators"], "summary": "Asks for a draft from a source; without a body from the one that was kept.",
            "parameters": [{"name": "dry_run", "in": "query", "description": "Nothing of it becomes a policy, and the source is not kept.", "schema": {"type": "boolean"}}, \(draftWait)],
            "requestBody": \(body("draftRequest", isRequired: false)),
            "responses": {\(answer("200", "It has ended.", "draft")), \(answer("202", "It waits, or is being made: come again for it by its id.", "draft")), \(missing), \(bodyRefusals)}}
        },
        "/v1/functions/{function}/drafts/{draft}": {
          "parameters": [{"$ref": "#/components/parameters/function"}, {"name": "draft", "in": "path", "required": true, "description": "The draft's id.", "schema": {"$ref": "#/components/schemas/draftID"}}],
          "get": {"operationId": "getDraft", "tags": ["operators"], "summary": "A draft with its candidates, and with what was asked and answered.",
            "parameters": [\(draftWait)],
            "responses": {\(ok("draft")), \(missing), \(refusals)}}
        },
        "/v1/functions/{function}/shapes": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "get": {"operationId": "getShape", "tags": ["operators"], "summary": "What the function's payloads look like: places, kinds and magnitudes, never values.",
            "responses": {\(ok("shape")), \(missing), \(refusals)}}
        },
        "/v1/functions/{function}/observations": {
          "parameters": [{"$ref": "#/components/parameters/function"}],
          "get": {"operationId": "exportObservations", "tags": ["operators"], "summary": "The latest observations, newest first, one JSON object a line.",
            "parameters": [{"name": "limit", "in": "query", "description": "The most observations.", "schema": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 1000}}],
            "responses": {"200": {"description": "Lines of the schema fuyun.observation/v1.", "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}, \(missing), \(refusals)}}
        },
        "/v1/switches": {
          "get": {"operationId": "getSwitches", "tags": ["operators"], "summary": "What holds for every function.",
            "responses": {\(ok("switches")), \(refusals)}},
          "patch": {"operationId": "changeSwitches", "tags": ["operators"], "summary": "Changes those switches that are named; mode_cap observe is the kill switch.",
            "requestBody": \(body("switchesChange", isRequired: true)),
            "responses": {\(ok("switches")), \(bodyRefusals)}}
        },
        "/v1/nodes": {
          "get": {"operationId": "listNodes", "tags": ["operators"], "summary": "Nodes by name.",
            "parameters": [\(afterName), {"$ref": "#/components/parameters/limit"}],
            "responses": {\(ok("nodePage")), \(refusals)}}
        },
        "/v1/events": {
          "get": {"operationId": "followEvents", "tags": ["operators"], "summary": "What happened: one page for those who accept application/json, else a stream that goes on.",
            "parameters": [
              {"name": "after", "in": "query", "description": "Only events after this id; without it a page begins with the oldest, a stream with what comes.", "schema": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 9223372036854775807}},
              {"$ref": "#/components/parameters/limit"}
            ],
            "responses": {"200": {"description": "Events, oldest first.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/eventPage"}}, "text/event-stream": {"schema": {"type": "string"}}}}, \(refusals)}}
        },
        "/v1/status": {
          "get": {"operationId": "getStatus", "tags": ["house"], "summary": "How the coordinator is.",
            "responses": {\(ok("status")), \(refusals)}}
        },
        "/healthz": {"get": {"operationId": "health", "tags": ["house"], "security": [], "summary": "The process answers.",
          "responses": {\(ok("sign")), \(plainRefusals)}}},
        "/readyz": {"get": {"operationId": "ready", "tags": ["house"], "security": [], "summary": "The store answers, and the coordinator does not stop.",
          "responses": {\(ok("sign")), \(plainRefusals)}}},
        "/metrics": {"get": {"operationId": "metrics", "tags": ["house"], "security": [{}, {"token": []}], "summary": "Prometheus text; open on this machine, else for operators.",
          "responses": {"200": {"description": "The page.", "content": {"text/plain; version=0.0.4; charset=utf-8": {"schema": {"type": "string"}}}}, \(refusals)}}},
        "/openapi.json": {"get": {"operationId": "openAPI", "tags": ["house"], "security": [], "summary": "This document.",
          "responses": {"200": {"description": "The document.", "content": {"application/json": {"schema": {"type": "object"}}}}, \(plainRefusals)}}}
        }
        """

    private static let afterName = """
        {"name": "after", "in": "query", "description": "Only names after this one.", "schema": {"type": "string", "maxLength": 256}}
        """

    private static let draftWait = """
        {"name": "wait", "in": "query", "description": "How many seconds to wait for the draft to end.", "schema": {"type": "integer", "minimum": 0, "maximum": 60}}
        """

    private static func answer(_ status: String, _ description: String, _ schema: String) -> String {
        """
        "\(status)": {"description": "\(description)", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/\(schema)"}}}}
        """
    }

    private static func ok(_ schema: String) -> String { answer("200", "Done.", schema) }

    private static func body(_ schema: String, isRequired: Bool) -> String {
        """
        {"required": \(isRequired), "content": {"application/json": {"schema": {"$ref": "#/components/schemas/\(schema)"}}}}
        """
    }

    private static let missing = ##""404": {"$ref": "#/components/responses/missing"}"##
    private static let conflict = ##""409": {"$ref": "#/components/responses/conflict"}"##
    private static let badPolicy = ##""422": {"$ref": "#/components/responses/badPolicy"}"##
    private static let plainRefusals = """
        "400": {"$ref": "#/components/responses/bad"}, "503": {"$ref": "#/components/responses/busy"}
        """
    private static let refusals = """
        \(plainRefusals), "401": {"$ref": "#/components/responses/unauthorized"}, "403": {"$ref": "#/components/responses/forbidden"}
        """
    private static let bodyRefusals = """
        \(refusals), "408": {"$ref": "#/components/responses/tooSlow"}, "413": {"$ref": "#/components/responses/tooLarge"}
        """
}
