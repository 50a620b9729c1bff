import Cgroup
import FuyunPolicy
import Glibc
import Testing

@testable import fuyun

struct DoctorTests {
    private func examine(_ fake: FakeMachine, width: Int? = nil) async -> (report: DoctorReport, text: String) {
        let report = await Doctor.examine(fake.machine)
        let recorder = Recorder()
        report.write(to: recorder.console(width: width))
        return (report, recorder.output)
    }

    @Test func allIsWell() async throws {
        let (report, text) = await examine(try FakeMachine())
        #expect(report.isGood)
        #expect(
            text == """
                ok        kernel               Linux 6.12.41+deb13-amd64
                ok        cgroup v2            mounted on /sys/fs/cgroup
                ok        mount options        memory events are counted upwards
                ok        memory controller    on, and passed on to the cgroups below /sys/fs/cgroup
                ok        container parents    machine.slice, system.slice: memory controller on
                ok        memory.peak          there, and a reset works: each call has a peak of its own
                ok        memory.reclaim       there: page cache is given back between calls
                ok        pressure (PSI)       on
                ok        memory.swap.max      there
                ok        memory.events.local  there
                ok        caller identity      by pidfd and cgroup id
                ok        swap                 none
                ok        configuration        configuration good, 2 policy documents good, 0 bad in /etc/fuyun/policies
                ok        systemd              systemd 257 (257.9-1~deb13u1)
                ok        fuyun-agent.service  active, running, enabled
                ok        socket units         fuyun-function.socket, fuyun-platform.socket, fuyun-admin.socket active
                ok        function.sock        /run/fuyun/function.sock, mode 0666
                ok        platform.sock        /run/fuyun/platform.sock, mode 0600
                ok        admin.sock           /run/fuyun/admin.sock, mode 0600
                ok        agent                version 0.1.0, ready
                ok        podman               containers below machine.slice; cgroup driver systemd, systemd owns the scopes, \
                so the agent tells it each ceiling, and a daemon-reload loses nothing
                ok        crun                 there; under systemd its processes live in SCOPE/container, with the limit on \
                both levels, and the agent knows
                ok        containers           1 running: 1 libpod
                ok        clock                synchronised

                no problems, 24 ok

                """
        )
    }

    @Test func aCgroupV1Host() async throws {
        var fake = try FakeMachine()
        try fake.write(
            """
            30 29 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
            31 29 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw

            """,
            to: "proc/self/mountinfo"
        )
        fake.release = "6.18.44"
        let (report, text) = await examine(fake, width: 80)
        #expect(!report.isGood)
        #expect(
            text.hasPrefix(
                """
                ok        kernel               Linux 6.18.44
                problem   cgroup v2            cgroup v1 has the memory controller; the v2 tree
                                               on /sys/fs/cgroup/unified has no memory.max
                                               → Boot with systemd.unified_cgroup_hierarchy=1
                                                 (and without cgroup v1 options), as all
                                                 distributions do since about 2021. To try Fuyun
                                                 on this machine all the same: deploy/quickstart
                                                 makes a virtual machine.
                skipped   memory controller    there is no cgroup v2 tree to look at
                skipped   kernel features      there is no cgroup v2 tree to look at
                ok        swap                 none
                """
            )
        )
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    /// Something that is wrong with a machine, and what the doctor must say about it.
    struct Trouble: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var subject: String
        var state: Finding.State
        var found: String
        var advice: String
        var make: @Sendable (inout FakeMachine) throws -> Void

        init(
            _ name: String,
            _ subject: String,
            _ state: Finding.State,
            _ found: String,
            _ advice: String = "",
            _ make: @escaping @Sendable (inout FakeMachine) throws -> Void
        ) {
            (testDescription, self.subject, self.state, self.found, self.advice, self.make) =
                (name, subject, state, found, advice, make)
        }
    }

    static let root = "sys/fs/cgroup/"
    static let troubles: [Trouble] = [
        Trouble("old kernel", "kernel", .warning, "cannot be reset before 6.12", "upper bounds") {
            $0.release = "6.1.0-38-amd64"
        },
        Trouble("older kernel", "kernel", .warning, "has no memory.peak", "sampled") { $0.release = "5.10.0" },
        Trouble("ancient kernel", "kernel", .problem, "too old") { $0.release = "3.10.0-1160.el7" },
        Trouble("odd kernel", "kernel", .warning, "not understood") { $0.release = "plan9" },
        Trouble("no mount", "cgroup v2", .problem, "not mounted", "mount -t cgroup2") {
            try $0.write("", to: "proc/self/mountinfo")
        },
        Trouble("hybrid", "cgroup v2", .problem, "cgroup v1 has the memory controller", "unified_cgroup_hierarchy=1") {
            try $0.write(
                "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n30 23 0:27 / /mnt rw - cgroup cgroup rw,memory\n",
                to: "proc/self/mountinfo"
            )
        },
        Trouble("in a container", "cgroup v2", .warning, "only /../.. is seen", "belongs on the node") {
            try $0.write("29 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", to: "proc/self/mountinfo")
        },
        Trouble(
            "another mount",
            "cgroup v2",
            .problem,
            "mounted on /cg, not on /sys/fs/cgroup",
            "Set cgroup.mount to \"/cg\""
        ) {
            try $0.write("29 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n", to: "proc/self/mountinfo")
        },
        Trouble("local events", "mount options", .warning, "memory_localevents is on", "without memory_localevents") {
            try $0.write(
                "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,memory_localevents\n",
                to: "proc/self/mountinfo"
            )
        },
        Trouble("no controller", "memory controller", .problem, "does not offer it", "cgroup_disable=memory") {
            try $0.write("cpu pids\n", to: root + "cgroup.controllers")
        },
        Trouble("not passed on", "memory controller", .problem, "not passed on", "echo +memory >") {
            try $0.write("cpu pids\n", to: root + "cgroup.subtree_control")
        },
        Trouble(
            "parent without",
            "container parents",
            .warning,
            "off below machine.slice",
            "set-property machine.slice"
        ) {
            try $0.write("pids\n", to: root + "machine.slice/cgroup.subtree_control")
        },
        Trouble("container without", "containers", .problem, "1 without memory.max", "MemoryAccounting=yes") {
            try $0.write("pids\n", to: root + FakeMachine.container + "/cgroup.controllers")
        },
        Trouble("no peak", "memory.peak", .warning, "not there (Linux 5.19)", "sampled") { $0.features.peak = false },
        Trouble("no reset", "memory.peak", .warning, "cannot be reset", "upper bounds") {
            $0.features.peakReset = false
        },
        Trouble("no reset for users", "memory.peak", .skipped, "only be tried as root", "sudo fuyun doctor") {
            ($0.features.peakReset, $0.isRoot) = (false, false)
        },
        Trouble("no reclaim", "memory.reclaim", .warning, "not there", "nothing is ever killed") {
            $0.features.reclaim = false
        },
        Trouble("no PSI", "pressure (PSI)", .warning, "off", "psi=1") { $0.features.pressure = false },
        Trouble("no pidfd", "caller identity", .warning, "by process id", "6.5") { $0.features.peerPidfd = false },
        Trouble("no cgroup id", "caller identity", .good, "/proc/PID/cgroup") { $0.features.pidfdCgroupID = false },
        Trouble("swap", "swap", .warning, "2 GiB on", "memory.swap.max is 0") {
            try $0.write("Filename Type Size Used Priority\n/dev/vdb partition 2097152 0 -2\n", to: "proc/swaps")
        },
        Trouble("no program", "fuyun-agent", .problem, "not in /usr/bin", "install -m 0755") {
            $0.remove("usr/bin/fuyun-agent")
        },
        Trouble("bad configuration", "configuration", .problem, "agent.json: 1:2: error", "fuyun-agent --check") {
            $0.programs["/usr/bin/fuyun-agent --check"] = .init(
                status: 1,
                output: "fuyun-agent: agent.json: 1:2: error: $: x\n"
            )
        },
        Trouble("bad policy, no program", "policies", .problem, "1 of 2 documents are bad", "fuyun policy check") {
            $0.remove("usr/bin/fuyun-agent")
            try $0.write("{", to: "etc/fuyun/policies/b.json")
        },
        Trouble("bad JSON, no program", "configuration", .problem, "/etc/fuyun/agent.json:1:", "Mend it") {
            $0.remove("usr/bin/fuyun-agent")
            try $0.write("{]", to: "etc/fuyun/agent.json")
        },
        Trouble("old systemd", "systemd", .warning, "systemd 245", "252") {
            $0.programs["systemctl --version"] = .init(status: 0, output: "systemd 245 (245.4)\n")
        },
        Trouble("not installed", "fuyun-agent.service", .problem, "not installed", "enable --now fuyun-agent") {
            $0.units = [:]
        },
        Trouble(
            "failed",
            "fuyun-agent.service",
            .problem,
            "failed, failed, enabled, result exit-code",
            "journalctl -u fuyun-agent"
        ) {
            $0.units["fuyun-agent.service"] = ["loaded", "failed", "failed", "enabled", "exit-code"]
        },
        Trouble(
            "disabled",
            "fuyun-agent.service",
            .warning,
            "active, running, disabled",
            "systemctl enable fuyun-agent"
        ) {
            $0.units["fuyun-agent.service"]?[3] = "disabled"
        },
        Trouble(
            "socket unit off",
            "socket units",
            .problem,
            "not active: fuyun-admin.socket",
            "enable --now fuyun-admin.socket"
        ) {
            $0.units["fuyun-admin.socket"] = ["loaded", "inactive", "dead", "disabled"]
        },
        Trouble(
            "socket gone",
            "function.sock",
            .problem,
            "/run/fuyun/function.sock is not there",
            "fuyun-function.socket"
        ) {
            $0.remove("run/fuyun/function.sock")
        },
        Trouble("socket open to all", "admin.sock", .problem, "mode 0666, not 0600", "chmod 0600") {
            $0.remove("run/fuyun/admin.sock")
            try $0.makeSocket("run/fuyun/admin.sock", mode: 0o666)
        },
        Trouble("socket shut", "function.sock", .problem, "mode 0600, not 0666", "cannot connect. chmod 0666") {
            $0.remove("run/fuyun/function.sock")
            try $0.makeSocket("run/fuyun/function.sock", mode: 0o600)
        },
        Trouble("a file in the way", "platform.sock", .problem, "is no socket", "Move it away") {
            $0.remove("run/fuyun/platform.sock")
            try $0.write("", to: "run/fuyun/platform.sock", mode: 0o600)
        },
        Trouble("nobody listens", "admin.sock", .problem, "nobody listens", "restart fuyun-admin.socket") {
            try $0.write("Num RefCount\n", to: "proc/net/unix")
        },
        Trouble("silent agent", "agent", .problem, "no answer in time", "journalctl") { $0.status = nil },
        Trouble("not asked by users", "agent", .skipped, "root's", "sudo") { ($0.status, $0.isRoot) = (nil, false) },
        Trouble("other version", "agent", .warning, "version 9, but this is fuyun 0.1.0", "restart") {
            $0.status = #"{"version":"9","ready":true,"policies":{"problems":[]}}"#
        },
        Trouble("refused policies", "agent", .problem, "refused 1 policy", "fuyun status") {
            $0.status = #"{"version":"0.1.0","ready":true,"policies":{"problems":[{}]}}"#
        },
        Trouble("docker's cgroupfs", "docker", .good, "below docker; cgroup driver cgroupfs") {
            try $0.write("", to: "usr/bin/dockerd", mode: 0o755)
            try $0.write(#"{"exec-opts": ["native.cgroupdriver=cgroupfs"]}"#, to: "etc/docker/daemon.json")
        },
        Trouble("podman's cgroupfs", "podman", .problem, "below libpod_parent", "Add \"libpod_parent\" to cgroup.roots")
        {
            try $0.write("[engine]\ncgroup_manager = \"cgroupfs\"\n", to: "etc/containers/containers.conf")
        },
        Trouble("kubernetes elsewhere", "kubernetes", .problem, "below kubepods.slice", "Add \"kubepods.slice\"") {
            try $0.write("kind: KubeletConfiguration\ncgroupDriver: systemd\n", to: "var/lib/kubelet/config.yaml")
            try $0.write(#"{"cgroup": {"roots": ["machine.slice"]}}"#, to: "etc/fuyun/agent.json")
        },
        Trouble("clock", "clock", .warning, "not synchronised", "systemd-timesyncd") {
            $0.programs["timedatectl show --property=NTPSynchronized --value"] = .init(status: 0, output: "no\n")
        },
    ]

    @Test(arguments: troubles)
    func everyTroubleIsFoundWithARemedy(trouble: Trouble) async throws {
        var fake = try FakeMachine()
        try trouble.make(&fake)
        let (report, _) = await examine(fake)
        let finding = try #require(report.findings.first { $0.subject == trouble.subject })
        #expect(finding.state == trouble.state)
        #expect(finding.found.contains(trouble.found), "\(finding.found)")
        #expect((finding.advice ?? "").contains(trouble.advice), "\(finding.advice ?? "")")
        if trouble.state == .problem || trouble.state == .warning { #expect(finding.advice != nil) }
    }

    @Test func withoutSystemd() async throws {
        let fake = try FakeMachine()
        rmdir(fake.directory.file("run/systemd/system"))
        fake.remove("run/fuyun/admin.sock")
        let (report, _) = await examine(fake)
        #expect(report.findings.contains { $0.subject == "systemd" && $0.state == .warning })
        #expect(report.findings.contains { $0.subject == "units" && $0.state == .skipped })
        #expect(!report.findings.contains { $0.advice?.contains("systemctl restart") ?? false })
    }

    @Test func jsonForPrograms() async throws {
        var fake = try FakeMachine()
        fake.features.reclaim = false
        let json = await Doctor.examine(fake.machine).json
        #expect(json["ok"]?.flag == true)
        #expect(json["warnings"]?.number == 1)
        let finding = json["findings"]?.elements.first { $0["subject"]?.text == "memory.reclaim" }
        #expect(finding?["state"]?.text == "warning")
        #expect(finding?["advice"]?.text?.isEmpty == false)
    }

    @Test func thisMachineIsExaminedWithoutFailing() async throws {
        let run = try await fuyun(["doctor", "--json"])
        #expect(run.status == 0 || run.status == 1)
        #expect(try JSONDocument.parse(Array(run.output.utf8)).root["findings"]?.elements.isEmpty == false)
    }

    @Test(
        arguments: [
            ("cgroup_manager = \"cgroupfs\"", "cgroupfs"), ("[engine]\n  cgroup_manager='systemd' # x", "systemd"),
            ("# cgroup_manager = \"cgroupfs\"", nil), ("cgroup_manager = 3", nil), ("", nil),
        ] as [(String, String?)]
    )
    func tomlValues(text: String, value: String?) {
        #expect(ContainerFindings.value("cgroup_manager", inTOML: text) == value)
    }
}
