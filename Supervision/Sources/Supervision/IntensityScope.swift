/// Whose restarts a dynamic supervisor counts together, and what too many of them end.
public enum IntensityScope: String, Sendable, Hashable, Codable, CaseIterable {
    /// Each child's by themselves: too many end that child alone, which is reported as
    /// ``SupervisionEvent/Kind-swift.enum/gaveUp(_:)``.
    case perChild
    /// All children's together: too many end the supervisor, whose parent decides.
    case supervisor
}
