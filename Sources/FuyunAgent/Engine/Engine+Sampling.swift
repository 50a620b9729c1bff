import Cgroup
import FuyunInvocation

extension Engine {
    /// Begins to sample a container, first after a short while and then ever more seldom.
    func startSampling(_ container: ManagedContainer) {
        container.isSampling = true
        guard !container.hasSamplingTimer else { return }
        container.hasSamplingTimer = true
        sample(container, after: configuration.sampling.first)
    }

    private func sample(_ container: ManagedContainer, after time: Duration) {
        after(time) { [weak self] in
            // One timer serves many short calls: it is not set anew for each, but found running.
            guard let self, container.isSampling, !container.isGone else {
                container.hasSamplingTimer = false
                return
            }
            do throws(CgroupError) {
                let isArmed = container.ledger.isArmed
                let reading = isArmed ? try meter.armedSample(container) : try meter.sample(container)
                if let current = reading.current { container.notePeak(current: current) }
                if isArmed { rescue.look(at: container, reading) } else { container.ledger.sampled(reading) }
            } catch {
                if error.code == .gone { disappeared(container) }
            }
            sample(container, after: min(time * 2, configuration.sampling.longest))
        }
    }

    /// A counter of `memory.events` moved.
    func countersMoved(_ container: ManagedContainer) {
        // Before anything else: the function is slowed down until its limit is raised.
        if container.ledger.isArmed, !rescue.touched(container) { return }
        guard !container.ledger.isIdle, let reading = try? meter.counters(container) else { return }
        container.ledger.sampled(reading)
    }

    /// `cgroup.events` changed: the container was frozen or thawed, or its last process is gone.
    func stateChanged(_ container: ManagedContainer) {
        guard let state = (try? container.directory.cgroupEvents()) ?? nil, let frozen = state.frozen,
            frozen != container.ledger.isFrozen
        else { return }
        _ = perform(container.ledger.frozen(frozen, at: Clocks.monotonic()), on: container, at: Clocks.monotonic())
    }
}
