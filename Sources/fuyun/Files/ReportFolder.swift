import FuyunReplay
import Glibc
import SystemPackage

/// A folder with a report in it.
enum ReportFolder {
    /// Makes the folder, and those above it, where they are missing, and sees whether it can be written.
    static func make(_ folder: String) throws {
        var path = FilePath(folder)
        var missing: [FilePath] = []
        while !path.isEmpty, access(path.string, F_OK) != 0 {
            missing.append(path)
            guard path.removeLastComponent() else { break }
        }
        for path in missing.reversed() {
            guard mkdir(path.string, 0o755) == 0 || errno == EEXIST else { throw Errno(rawValue: errno) }
        }
        guard access(folder, W_OK | X_OK) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Writes the report's files into the folder.
    static func write(_ files: [ReplayReport.File], to folder: String) throws {
        try make(folder)
        for file in files {
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
