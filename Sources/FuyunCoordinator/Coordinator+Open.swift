import FuyunStore
public import Logging
import ModelClient

extension Coordinator {
    /// The coordinator of this machine: opens its database.
    public static func open(
        _ configuration: CoordinatorConfiguration,
        logger: Logger
    ) async throws -> Coordinator {
        OpenFiles.raiseLimit(for: configuration.limits.connections, logger: logger)
        let store = try await SQLiteStore.open(path: configuration.storePath)
        do {
            return try Coordinator(configuration, CoordinatorSurroundings(store: store, logger: logger))
        } catch {
            try? await store.close()
            throw error
        }
    }

    /// What is wrong with the files that a good configuration names; the database is not touched.
    public static func problems(of configuration: CoordinatorConfiguration) -> [String] {
        var problems: [String] = []
        do {
            _ = try TokenBook(configuration.tokens)
        } catch {
            problems.append("\(error)")
        }
        if let files = configuration.tls {
            do {
                _ = try ServerIdentity(files)
            } catch {
                problems.append("\(error)")
            }
        }
        problems += configuration.drafting.model?.problems() ?? []
        return problems
    }
}
