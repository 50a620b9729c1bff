import Testing

@testable import fuyun

struct SubprocessTests {
    @Test func statusAndOutput() {
        let answer = Subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        #expect(answer?.status == 3)
        #expect(answer?.output == "out\nerr\n")
    }

    @Test func noSuchProgram() { #expect(Subprocess.run(["/nonexistent/program"]) == nil) }

    @Test func killedPrograms() {
        #expect(Subprocess.run(["sh", "-c", "kill -KILL $$"]).map { $0.status == nil } == true)
    }

    @Test func slowProgramsAreEnded() {
        let answer = Subprocess.run(["sh", "-c", "echo early; exec sleep 60"], deadline: 200)
        #expect(answer?.status == nil)
        #expect(answer?.output == "early\n")
    }

    @Test func muchOutputIsCutAndTheProgramEnds() {
        let answer = Subprocess.run(["sh", "-c", "head -c 1000000 /dev/zero; exit 4"])
        #expect(answer?.status == 4)
        #expect((answer?.output.utf8.count ?? 0) <= Subprocess.largestOutput + 4096)
    }

    @Test func standardInputIsEmpty() { #expect(Subprocess.run(["cat"])?.status == 0) }
}
