import Cgroup
import Testing

@Suite("Containers by their path")
struct ContainerPathTests {
    static let id = String(repeating: "0123456789abcdef", count: 4)
    static let other = String(repeating: "fedcba9876543210", count: 4)
    static let uid = "0b4ff1a0-7c5e-4a71-9f5f-3c1ad1d2e3f4"
    static let slice =
        "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(uid.map { $0 == "-" ? "_" : $0 }.map(String.init).joined()).slice"

    struct Case: Sendable, CustomTestStringConvertible {
        var path: String
        var runtime: ContainerPath.Runtime?
        var id = ContainerPathTests.id
        var pod: String?
        /// Nil: the whole path.
        var scope: String?
        var testDescription: String { path }
    }

    static let cases: [Case] = [
        Case(path: "system.slice/docker-\(id).scope", runtime: .docker),
        Case(
            path: "user.slice/user-1000.slice/user@1000.service/user.slice/docker-\(id).scope",
            runtime: .docker
        ),
        Case(path: "docker/\(id)", runtime: .docker),
        Case(path: "faas.slice/\(id)", runtime: .docker),
        Case(path: "machine.slice/libpod-\(id).scope", runtime: .libpod),
        Case(
            path: "machine.slice/libpod-\(id).scope/container",
            runtime: .libpod,
            scope: "machine.slice/libpod-\(id).scope"
        ),
        Case(
            path: "user.slice/user-7.slice/user@7.service/user.slice/libpod-\(id).scope/container",
            runtime: .libpod,
            scope: "user.slice/user-7.slice/user@7.service/user.slice/libpod-\(id).scope"
        ),
        Case(path: "libpod_parent/libpod-\(id)", runtime: .libpod),
        Case(path: "system.slice/my.service/libpod-payload-\(id)", runtime: .libpod),
        Case(path: "\(slice)/cri-containerd-\(id).scope", runtime: .containerd, pod: uid),
        Case(
            path:
                "kubepods.slice/kubepods-pod\(uid.split(separator: "-").joined(separator: "_")).slice/cri-containerd-\(id).scope",
            runtime: .containerd,
            pod: uid
        ),
        Case(path: "kubepods/besteffort/pod\(uid)/\(id)", runtime: .containerd, pod: uid),
        Case(path: "kubepods/pod\(uid)/\(id)/init", runtime: .containerd, pod: uid, scope: "kubepods/pod\(uid)/\(id)"),
        Case(path: "\(slice)/crio-\(id).scope", runtime: .crio, pod: uid),
        Case(path: "\(slice)/crio-\(id).scope/container", runtime: .crio, pod: uid, scope: "\(slice)/crio-\(id).scope"),
        Case(path: "kubepods/burstable/pod\(uid)/crio-\(id)", runtime: .crio, pod: uid),
        Case(path: "system.slice/nerdctl-\(id).scope", runtime: .containerd),
        // A peer deep inside, and a container in a container.
        Case(
            path: "/system.slice/docker-\(id).scope/init.scope/x/y",
            runtime: .docker,
            scope: "system.slice/docker-\(id).scope"
        ),
        Case(
            path: "docker/\(id)/docker/\(other)/x",
            runtime: .docker,
            id: other,
            scope: "docker/\(id)/docker/\(other)"
        ),
        // No containers.
        Case(path: ""), Case(path: "/"), Case(path: "system.slice/ssh.service"), Case(path: "init.scope"),
        Case(path: "\(slice)"), Case(path: "\(slice)/crio-conmon-\(id).scope"),
        Case(path: "machine.slice/libpod-conmon-\(id).scope"),
        Case(path: "machine.slice/libpod-conmon-\(id).scope/supervisor"),
        Case(path: "system.slice/docker-\(id.dropLast()).scope"), Case(path: "system.slice/docker-\(id)0.scope"),
        Case(path: "docker/\(id.uppercased())"), Case(path: "docker/\(id).scope"),
        Case(path: "system.slice/docker.service"), Case(path: "../docker/\(id)"), Case(path: "openfaas-fn/figlet"),
    ]

    @Test("known runtimes", arguments: cases)
    func known(_ given: Case) {
        let found = ContainerPath.parse(given.path)
        #expect(found?.runtime == given.runtime)
        guard given.runtime != nil else { return }
        #expect(found?.id == given.id)
        #expect(found?.podUID == given.pod)
        #expect(found?.path == given.scope ?? given.path)
    }

    @Test(
        "roots that an operator names",
        arguments: [
            ("faas.slice", "faas.slice/app.scope", "app.scope", "faas.slice/app.scope"),
            ("/faas.slice/", "/faas.slice/app.scope/init/deep", "app.scope", "faas.slice/app.scope"),
            ("faas.slice/**", "faas.slice/ns/app", "ns/app", "faas.slice/ns/app"),
            ("faas.slice/**", "faas.slice/app.scope/container", "app.scope", "faas.slice/app.scope"),
            ("faas.slice/**", "faas.slice/container", "container", "faas.slice/container"),
            ("a/b", "a/b/c", "c", "a/b/c"), ("openfaas-fn", "openfaas-fn/figlet", "figlet", "openfaas-fn/figlet"),
            ("faas.slice", "faas.slice", nil, nil), ("faas.slice", "faas.slice2/x", nil, nil),
            ("a/b", "a/c/b", nil, nil),
            ("faas.slice/**", "faas.slice/libpod-conmon-x.scope", nil, nil),
        ] as [(String, String, String?, String?)]
    )
    func plain(_ root: String, _ path: String, _ id: String?, _ scope: String?) throws {
        let root = try #require(ContainerPath.PlainRoot(root))
        let found = ContainerPath.parse(path, plainRoots: [root])
        #expect(found?.id == id)
        #expect(found?.path == scope)
        #expect(found == nil || found?.runtime == .plain)
    }

    @Test("a container's name wins over a root it lies under")
    func both() throws {
        let root = try #require(ContainerPath.PlainRoot("faas.slice"))
        let found = ContainerPath.parse("faas.slice/docker-\(Self.id).scope", plainRoots: [root])
        #expect(found?.runtime == .docker)
    }

    @Test("roots that are none", arguments: ["", "/", "**", "/**", "a/../b", "a*/b", "a/*"])
    func refused(_ text: String) {
        #expect(ContainerPath.PlainRoot(text) == nil)
    }
}
