import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

/// Random lives of a function: calls, drift, operators who force versions; every decision is carried out as a store would,
/// and after each one the rules that must always hold are looked at.
@Suite struct LadderLifeTests {
    struct World {
        let rules = RolloutRules()
        var generator: RolloutGenerator
        var state = RolloutState(versions: [version(1, .shadow)])
        var limits: [Int: UInt64] = [1: 30]
        var calls: [RolloutCall] = []
        var memory: FitMemory?
        var need = 90.0
        var now = 0
        var published: [UInt64] = []

        init(seed: Int) { generator = RolloutGenerator(seed: UInt64(seed)) }

        var evidence: RolloutEvidence {
            let calls = Array(calls.suffix(200))
            return RolloutEvidence(calls: calls, limits: limits.mapValues { limit in calls.map { _ in fixed(limit) } })
        }

        /// One call under the versions in use, with one in ten for the canary.
        mutating func call() {
            let bytes = UInt64(need * Double.random(in: 0.9...1.1, using: &generator))
            let isCanary = state.canary != nil && Int.random(in: 0..<10, using: &generator) == 0
            let applied = isCanary ? state.canary : state.active
            let limit = applied.flatMap { limits[$0.version] } ?? 1000
            let isMiss = limit < bytes
            let isClean = Int.random(in: 0..<20, using: &generator) > 0
            calls.append(
                RolloutCall(
                    id: Int64(calls.count + 1),
                    receivedAt: at(now),
                    appliedVersion: applied?.version,
                    isMiss: isMiss,
                    need: !isClean ? nil : isMiss ? .above(.mebibytes(limit)) : fixedNeed(bytes)
                )
            )
        }

        private func fixedNeed(_ mebibytes: UInt64) -> Sample.Need {
            .between(.mebibytes(mebibytes), .mebibytes(mebibytes))
        }

        /// As a store: who becomes active or candidate retires the one before.
        mutating func apply(_ changes: [RolloutChange]) {
            for change in changes {
                guard let index = state.versions.firstIndex(where: { $0.version == change.version }) else { continue }
                state.versions[index].status = change.status
                state.versions[index].statusSince = at(now)
            }
        }

        mutating func add(_ limit: UInt64, _ status: PolicyStatus, retiring: [Int]) {
            let number = state.versions.count + 1
            limits[number] = limit
            apply(retiring.map { RolloutChange($0, to: .retired) })
            state.versions.append(
                RolloutVersion(
                    number,
                    status,
                    supersedes: state.active?.version,
                    createdAt: at(now),
                    statusSince: at(now)
                )
            )
            published.append(limit)
        }

        /// What the tuner would make of the calls: the most that was seen, a share on top, never less than what ran out.
        func fitted() -> UInt64 {
            let clean = calls.suffix(40).compactMap(\.need)
            let most = clean.map { need -> Double in
                switch need {
                case .between(_, let upper): Double(upper.rawValue >> 20)
                case .above(let bytes): Double(bytes.rawValue >> 20) * 1.3
                }
            }
            return UInt64((most.max() ?? 0) * (1.05 + 1 / Double(max(clean.count, 1)))) + 1
        }

        /// Looks until nothing is left to do; returns what was done.
        mutating func look() -> [String] {
            var done: [String] = []
            for _ in 0..<6 {
                let evidence = evidence
                let decision = rules.next(state, evidence, memory, at: at(now))
                switch decision {
                case .keep: return done
                case .move(_, let changes, _): apply(changes)
                case .refit(let trigger):
                    var limit = fitted()
                    if let lift = rules.lift(proposal(limit, for: evidence), state, evidence) {
                        limit = UInt64((Double(limit) * lift).rounded(.up))
                    }
                    var offered = proposal(limit, for: evidence)
                    offered.sameAs = [state.active, state.candidate].compactMap { $0?.version }
                        .first { limits[$0] == limit }
                    let verdict = rules.publishing(offered, state, evidence, because: trigger, at: at(now))
                    if case .publish(let plan) = verdict { check(plan, limit) }
                    if case .publish(let plan) = verdict { add(limit, plan.status, retiring: plan.retiring) }
                    var isPublished = false
                    if case .publish = verdict { isPublished = true }
                    memory = FitMemory(
                        rules,
                        after: memory,
                        evidence,
                        limits: state.active.flatMap { self.evidence.limits[$0.version] },
                        hasChanged: isPublished,
                        at: at(now)
                    )
                    done.append(verdict.outline)
                    continue
                }
                done.append(decision.outline)
            }
            Issue.record("a look does not end: \(done)")
            return done
        }

        /// What holds for everything that is published.
        func check(_ plan: PublishPlan, _ limit: UInt64) {
            guard let active = state.active, let before = limits[active.version] else { return }
            if plan.status == .active { #expect(limit >= before, "active at once, but it lowers") }
            if limit < before { #expect(state.coolDown(rules, at: at(now)) == nil, "lowered while cooling down") }
            for version in plan.retiring { #expect(limits[version] != limit, "published twice in a row") }
        }

        /// What holds always.
        func checkInvariants() {
            #expect(state.versions.count { $0.status == .active } <= 1)
            #expect(state.versions.count { $0.status == .shadow || $0.status == .canary } <= 1)
            if let coolDown = state.coolDown(rules) {
                #expect(coolDown.length >= rules.coolDown)
                #expect(coolDown.length <= rules.coolDownAtMost)
            }
            #expect(!state.predecessors().contains(state.active?.version ?? 0))
        }
    }

    @Test(arguments: 0..<40)
    func everyLifeKeepsTheRules(seed: Int) {
        var world = World(seed: seed)
        for step in 0..<150 {
            world.now += Int.random(in: 1...120, using: &world.generator)
            switch Int.random(in: 0..<40, using: &world.generator) {
            case 0: world.need *= Double.random(in: 0.5...2, using: &world.generator)
            case 1:
                // An operator forces some version that is there.
                guard let forced = world.state.versions.randomElement(using: &world.generator) else { break }
                guard forced.version != world.state.active?.version else { break }
                let others = [world.state.active, world.state.candidate].compactMap { $0?.version }
                world.apply(others.filter { $0 != forced.version }.map { RolloutChange($0, to: .retired) })
                world.apply([RolloutChange(forced.version, to: .active)])
            default: break
            }
            for _ in 0..<Int.random(in: 1...8, using: &world.generator) { world.call() }
            _ = world.look()
            world.checkInvariants()
            if step == 149 { #expect(world.look() == [], "a second look at the same calls does nothing") }
        }
    }

    @Test(arguments: 0..<20)
    func aSteadyFunctionIsCoveredAndComesToRest(seed: Int) {
        var world = World(seed: seed)
        while world.evidence.cleanCount < 6 { world.call() }
        #expect(world.look() == ["active retiring 1"])
        for _ in 0..<400 {
            world.now += 5
            world.call()
            _ = world.look()
        }
        let limit = world.state.active.flatMap { world.limits[$0.version] } ?? 0
        #expect((99...140).contains(limit))
        #expect(world.published.count < 40)
        #expect(world.calls.suffix(100).count(where: \.isMiss) == 0)
    }

    @Test(arguments: 0..<20)
    func aForcedBadVersionIsTakenBack(seed: Int) {
        var world = World(seed: seed)
        for _ in 0..<30 {
            world.now += 5
            world.call()
            _ = world.look()
        }
        guard let good = world.state.active else { return #expect(Bool(false), "nothing is active") }
        world.now += 5
        let before = [world.state.active, world.state.candidate].compactMap { $0?.version }
        world.add(20, .active, retiring: before)
        world.now += 5
        repeat { world.call() } while world.calls.last?.need == nil
        _ = world.look()
        #expect(
            world.state.active?.version == good.version || (world.limits[world.state.active?.version ?? 0] ?? 0) > 60
        )
        if world.state.active?.version == good.version {
            #expect(world.state.coolDown(world.rules, at: at(world.now)) != nil)
        }
    }

    @Test(arguments: 0..<10)
    func aPinnedFunctionDoesNotMove(seed: Int) {
        var world = World(seed: seed)
        world.state.versions = [version(1, .active)]
        world.state.switches.pinnedVersion = 1
        let before = world.state
        for _ in 0..<60 {
            world.now += 60
            world.call()
            #expect(world.look() == [])
        }
        #expect(world.state == before)
    }
}
