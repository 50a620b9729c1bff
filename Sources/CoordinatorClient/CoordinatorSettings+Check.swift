extension CoordinatorSettings {
    /// What is wrong with the files that are named; a client would say so at its first request.
    public func problems() -> [CoordinatorError] {
        let credentials = Credentials(tokenFile: tokenFile, authorityFile: authorityFile)
        var problems: [CoordinatorError] = []
        do throws(CoordinatorError) { _ = try credentials.authorization(for: address) } catch { problems.append(error) }
        do throws(CoordinatorError) { _ = try credentials.trust() } catch { problems.append(error) }
        return problems
    }
}
