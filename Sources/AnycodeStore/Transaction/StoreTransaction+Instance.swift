package import AnycodeCore

extension StoreTransaction {
    /// This installation's id, made when the database was.
    package func instanceID() throws(StoreError) -> InstanceID {
        let id: InstanceID? = try row("SELECT value FROM meta WHERE name = 'instance'") { $0.id(0) }
        guard let id else { throw StoreError(.corrupt, "The database has lost its instance id") }
        return id
    }

    func ensureInstanceID(_ fresh: InstanceID) throws(StoreError) {
        try run("INSERT INTO meta (name, value) VALUES ('instance', ?) ON CONFLICT DO NOTHING", .id(fresh))
    }
}
