import FuyunProtocol
import FuyunStore
import Hummingbird
import HTTPTypes

extension Operations {
    /// `GET /v1/functions`.
    func listFunctions(_ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let limit = try target.limit()
        let found = try await stored { () throws(StoreError) in
            try await store.functions(after: target.query["after"], limit: limit)
        }
        let page = CoordinatorAPI.Page(
            found.map(CoordinatorAPI.Function.init),
            next: found.count == limit ? found.last?.registration.name : nil
        )
        return .json(page)
    }

    /// `GET /v1/functions/{function}`.
    func getFunction(_ name: String) async throws(ErrorAnswer) -> Response {
        .json(try await described(try await known(name)))
    }

    /// `PUT /v1/functions/{function}`.
    func putFunction(_ name: String, _ request: Request) async throws(ErrorAnswer) -> Response {
        let wanted: CoordinatorAPI.Registration = try await body(
            request,
            as: "a registration",
            orEmpty: CoordinatorAPI.Registration()
        )
        var registration = FunctionRegistration(name: name)
        registration.runtime = wanted.runtime
        registration.sourceDigest = wanted.sourceDigest
        registration.preset = wanted.preset
        registration.minimum = wanted.minimum
        registration.maximum = wanted.maximum
        registration.tier = wanted.tier
        let before = try await stored { () throws(StoreError) in try await store.function(name) }
        let function = try await stored { [registration] () throws(StoreError) in
            try await store.register(registration, at: clock.now)
        }
        announce(name)
        return .json(before == nil ? .created : .ok, try await described(function))
    }

    /// `DELETE /v1/functions/{function}`.
    func deleteFunction(_ name: String) async throws(ErrorAnswer) -> Response {
        let wasThere = try await stored { () throws(StoreError) in try await store.removeFunction(name, at: clock.now) }
        guard wasThere else { throw Self.unknown(name) }
        announce()
        return Response(status: .noContent)
    }

    /// `PATCH /v1/functions/{function}/switches`.
    func changeSwitches(of name: String, _ request: Request) async throws(ErrorAnswer) -> Response {
        let change: CoordinatorAPI.FunctionSwitchesChange = try await body(request, as: "a change of switches")
        let function = try await known(name)
        var switches = function.switches
        switch change.pin {
        case .unchanged: break
        case .none: switches.pinnedVersion = nil
        case .version(let version):
            guard version == function.activeVersion else {
                throw ErrorAnswer(
                    .conflict,
                    "version \(version) is not the active one; activate it with \"pin\": true instead"
                )
            }
            switches.pinnedVersion = version
        }
        if let neverLower = change.neverLower { switches.neverLower = neverLower }
        if let isExcluded = change.isExcluded { switches.isExcluded = isExcluded }
        try await stored { [switches] () throws(StoreError) in
            try await store.setSwitches(switches, of: name, at: clock.now)
        }
        announce(name)
        return .json(try await described(try await known(name)))
    }

    /// `GET /v1/switches`.
    func getSwitches() async throws(ErrorAnswer) -> Response {
        let switches = try await stored { () throws(StoreError) in try await store.globalSwitches() }
        return .json(CoordinatorAPI.Switches(switches))
    }

    /// `PATCH /v1/switches`.
    func changeSwitches(_ request: Request) async throws(ErrorAnswer) -> Response {
        let change: CoordinatorAPI.SwitchesChange = try await body(request, as: "a change of switches")
        var switches = try await stored { () throws(StoreError) in try await store.globalSwitches() }
        if let modeCap = change.modeCap { switches.modeCap = modeCap }
        if let isTuningEnabled = change.isTuningEnabled { switches.isTuningEnabled = isTuningEnabled }
        try await stored { [switches] () throws(StoreError) in
            try await store.setGlobalSwitches(switches, at: clock.now)
        }
        announce()
        return .json(CoordinatorAPI.Switches(switches))
    }

    /// `POST /v1/functions/{function}/tune`.
    func tune(_ name: String, _ target: RequestTarget) async throws(ErrorAnswer) -> Response {
        let isDryRun = try target.flag("dry_run")
        _ = try await known(name)
        do {
            return .json(try await tuner.tune(name, dryRun: isDryRun))
        } catch let error as StoreError {
            throw ErrorAnswer(error)
        } catch let error as ErrorAnswer {
            throw error
        } catch {
            throw ErrorAnswer(.unavailable, "the tuner cannot do this now: \(error)")
        }
    }

    /// A function that must be there.
    func known(_ name: String) async throws(ErrorAnswer) -> StoredFunction {
        guard let function = try await stored({ () throws(StoreError) in try await store.function(name) }) else {
            throw Self.unknown(name)
        }
        return function
    }

    /// The function with what only a single one is told of: where its candidate stands.
    private func described(_ function: StoredFunction) async throws(ErrorAnswer) -> CoordinatorAPI.Function {
        var value = CoordinatorAPI.Function(function)
        if let version = function.candidateVersion {
            let candidate = try await stored { () throws(StoreError) in
                try await store.policy(of: function.registration.name, version: version)
            }
            value.candidateStatus = candidate?.status
        }
        return value
    }

    private static func unknown(_ name: String) -> ErrorAnswer {
        ErrorAnswer(.notFound, "function \(name) is not known; register it with PUT, or wait for its first observation")
    }
}

extension CoordinatorAPI.Function {
    /// A function out of the store.
    init(_ function: StoredFunction) {
        let registered = function.registration
        var registration = CoordinatorAPI.Registration()
        registration.runtime = registered.runtime
        registration.sourceDigest = registered.sourceDigest
        registration.preset = registered.preset
        registration.minimum = registered.minimum
        registration.maximum = registered.maximum
        registration.tier = registered.tier
        self.init(name: registered.name, registration: registration)
        pinnedVersion = function.switches.pinnedVersion
        neverLower = function.switches.neverLower
        isExcluded = function.switches.isExcluded
        activeVersion = function.activeVersion
        candidateVersion = function.candidateVersion
        newestVersion = function.newestVersion
        observations = function.observationCount
        createdAt = function.createdAt.milliseconds
        updatedAt = function.updatedAt.milliseconds
        lastObservedAt = function.lastObservedAt?.milliseconds
    }
}

extension CoordinatorAPI.Switches {
    /// Switches out of the store.
    init(_ switches: GlobalSwitches) {
        self.init(modeCap: switches.modeCap, isTuningEnabled: switches.isTuningEnabled)
    }
}
