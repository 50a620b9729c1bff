import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Logging
import MemoryUnits

/// Who is at the other end of a connection, as far as it could be told.
enum Peer {
    /// A process in this cgroup.
    case process(PeerIdentity)
    /// It could not be told.
    case unknown(PeerError)
}

extension Engine {
    /// The container that a request is about, admitted now if it was not before.
    ///
    /// - Parameter reference: What the caller names; believed on `platform.sock` only.
    func caller(
        on connection: Connection,
        naming reference: ContainerReference?
    ) throws(ErrorAnswer) -> ManagedContainer {
        switch connection.role {
        case .admin:
            throw ErrorAnswer(.wrongSocket, "calls begin and end on function.sock or platform.sock")
        case .platform:
            guard let reference else {
                throw ErrorAnswer(
                    .badRequest,
                    "\(FuyunHeader.container) is missing; name the container by its id or its cgroup's path"
                )
            }
            if let known = registry.container(named: reference), !known.isGone { return known }
            if case .path(let path) = reference, let admitted = try? admit(path: path) { return admitted }
            throw ErrorAnswer(
                .unknownContainer,
                "no container \(reference) is known; it must lie under one of cgroup.roots"
            )
        case .function:
            if let known = connection.container, !known.isGone { return known }
            let container = try containerOfPeer(connection.peer)
            connection.container = container
            return container
        }
    }

    private func containerOfPeer(_ peer: Peer?) throws(ErrorAnswer) -> ManagedContainer {
        switch peer {
        case .process(let identity):
            if let known = registry[identity.cgroup], !known.isGone { return known }
            do {
                if let admitted = try admit(path: identity.path) { return admitted }
            } catch {
                logger.warning(
                    "cannot admit a container",
                    metadata: ["container": "\(identity.path)", "error": "\(error)"]
                )
                throw ErrorAnswer(.unavailable, "the container's cgroup cannot be used: \(error)")
            }
            metrics.containers.strangers.increment()
            throw ErrorAnswer(
                .notAContainer,
                "the caller's cgroup /\(identity.path) is no container under cgroup.roots or cgroup.containers; add it there, or call from a container"
            )
        case .unknown(let error):
            metrics.containers.strangers.increment()
            throw ErrorAnswer(.notAContainer, "the caller's container cannot be told: \(error)")
        case nil:
            throw ErrorAnswer(.notAContainer, "the caller's container cannot be told on this socket")
        }
    }

    /// Takes in the container that a cgroup belongs to; nil when that is none, or not to be managed.
    func admit(path: String) throws(CgroupError) -> ManagedContainer? {
        guard let identity = tree.container(at: path) else { return nil }
        let known = registry.container(atScope: identity.path)
        let scope = try parts.hierarchy.directory(at: identity.path)
        guard scope.hasName else { return nil }
        // crun puts the processes one level below the scope.
        switch try scope.openChild(ContainerPath.crunLeaf) {
        case .some(let leaf): return try admit(identity, leaf, known)
        case .none: return try admit(identity, scope, known)
        }
    }

    private func admit(
        _ identity: ContainerPath,
        _ directory: consuming CgroupDirectory,
        _ known: ManagedContainer?
    ) throws(CgroupError) -> ManagedContainer? {
        if let known {
            if known.id == directory.id, !known.isGone { return known }
            // The path has a new cgroup, or the processes have moved one level down.
            disappeared(known)
        }
        guard let limit = try directory.memoryMax() else {
            metrics.containers.admissionFailures.increment()
            return nil
        }
        let ancestors = try parts.hierarchy.ancestors(of: directory.path)
        let facts = AdmissionFacts(
            id: directory.id,
            path: directory.path,
            limitFound: limit,
            storedCeiling: directory.isOwned
                ? try directory.attribute(Self.ceilingAttribute).flatMap { MemoryLimit(text: $0) } : nil,
            swapLimit: try directory.memorySwapMax(),
            ancestorLimit: try ancestors.effectiveCeiling(),
            highFound: try directory.memoryHigh(),
            isRescueOn: canRescue && configuration.rescue.isEnabled,
            storedHigh: directory.isOwned
                ? try directory.attribute(RescueDesk.attribute).flatMap { MemoryLimit(text: $0) } : nil,
            isFrozen: try directory.cgroupEvents()?.frozen ?? false,
            reading: MeterReading(
                current: try directory.memoryCurrent(),
                stat: try directory.memoryStat(),
                events: try directory.memoryEvents(),
                localEvents: try directory.memoryLocalEvents(),
                pressure: try directory.memoryPressure(),
                userspaceKills: try directory.userspaceKillCount()
            )
        )
        let (ledger, actions) = ContainerLedger.admit(facts, settings: settings)
        let container = try ManagedContainer(
            identity: identity,
            directory: directory,
            ancestors: ancestors,
            ledger: ledger
        )
        container.hasTripwireMark = facts.storedHigh != nil
        registry.add(container)
        metrics.containers.admitted.increment()
        metrics.containers.known.set(registry.count)
        watcher?.watch(container)
        _ = perform(actions, on: container, at: Clocks.monotonic())
        logger.debug(
            "admitted a container",
            metadata: ["container": "\(container.path)", "ceiling": "\(container.ledger.ceiling.text)"]
        )
        return container.isGone ? nil : container
    }

    /// A container's cgroup is gone.
    ///
    /// Calls in flight get a moment for their end to be reported, then they are abandoned.
    func disappeared(_ container: ManagedContainer) {
        guard !container.isGone else { return }
        container.isGone = true
        container.isSampling = false
        let open = container.ledger.removed()
        registry.remove(container)
        watcher?.forget(container)
        rescue.ended(container)
        metrics.containers.removed.increment()
        metrics.containers.known.set(registry.count)
        guard !open.isEmpty else { return }
        after(Self.graceOfVanished) { [weak self] in
            guard let self else { return }
            for id in open {
                if let call = calls[id.sequence], call.container === container { abandon(call) }
            }
        }
    }

    /// Lets go of a container: its limit goes to the ceiling for good, and the attribute that says so goes away.
    func release(_ container: ManagedContainer) {
        _ = perform(container.ledger.released(), on: container, at: Clocks.monotonic())
        rescue.ended(container)
        if !container.isGone {
            _ = try? container.directory.setAttribute(Self.ceilingAttribute, nil)
            if container.hasTripwireMark { _ = try? container.directory.setAttribute(RescueDesk.attribute, nil) }
        }
        registry.remove(container)
        watcher?.forget(container)
        metrics.containers.known.set(registry.count)
    }

    /// Lets go of all containers, because the agent stops.
    func releaseAll() {
        for container in Array(registry.all) { release(container) }
    }
}

extension CgroupDirectory {
    /// Whether this is not the root.
    fileprivate var hasName: Bool { !path.isEmpty }
}
