import FuyunStore
import Testing

@Suite struct SQLiteStoreContractTests {
    @Test("passes the contract", arguments: StoreContract.cases)
    func contract(_ contract: StoreContract) async throws {
        let directory = TemporaryDirectory()
        let path = directory.file("fuyun.db")
        try await contract.run { try await SQLiteStore.open(path: path) }
        withExtendedLifetime(directory) {}
    }
}
