package import AnycodeCore

extension StoreTransaction {
    /// This installation's id, made when the database was.
    package func instanceID() throws(StoreError) -> InstanceID {
        let id: InstanceID? = try row("SELECT value FROM meta WHERE name = 'instance'") { $0.id(0) }
        guard let id else { throw StoreError(.corrupt, "The database has lost its instance id") }
        return id
    }

    /// Empties every table and counts rows from the beginning.
    func eraseAll(_ fresh: InstanceID) throws(StoreError) {
        try run("PRAGMA defer_foreign_keys = ON")
        let tables: [String] = try rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_stat1' ORDER BY name"
        ) { $0.text(0) }
        for table in tables { try run("DELETE FROM \(table)") }
        keys.forgetAll()
        try ensureInstanceID(fresh)
    }

    func ensureInstanceID(_ fresh: InstanceID) throws(StoreError) {
        try run("INSERT INTO meta (name, value) VALUES ('instance', ?) ON CONFLICT DO NOTHING", .id(fresh))
    }
}
