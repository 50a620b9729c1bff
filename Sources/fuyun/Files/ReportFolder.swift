import FuyunReplay
import Glibc
import SystemPackage

/// A folder with a report in it.
enum ReportFolder {
    /// Writes the report's files; the folder and those above it are made where they are missing.
    static func write(_ report: ReplayReport, to folder: String) throws {
        var path = FilePath(folder)
        var missing: [FilePath] = []
        while !path.isEmpty, access(path.string, F_OK) != 0 {
            missing.append(path)
            guard path.removeLastComponent() else { break }
        }
        for path in missing.reversed() {
            guard mkdir(path.string, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
        }
        for file in report.files {
            let descriptor = try FileDescriptor.open(
                FilePath(folder).appending(file.name),
                .writeOnly,
                options: [.create, .truncate],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            try descriptor.closeAfter { _ = try descriptor.writeAll(file.text.utf8) }
        }
    }
}
