/// Checks of `Content-Type` and `Accept` against the one type a resource has.
enum MediaTypes {
    static func isJSON(contentType: String?) -> Bool {
        guard let contentType else { return false }
        return essence(contentType[...]) == "application/json"
    }

    /// True when the header is missing or admits the type; weights other than 0 make no difference.
    static func accepts(_ accept: String?, _ type: String) -> Bool {
        guard let accept, !accept.isEmpty else { return true }
        let family = type.prefix { $0 != "/" } + "/*"
        return accept.split(separator: ",").contains { part in
            let refused = part.split(separator: ";").dropFirst().contains { $0.filter { $0 != " " } == "q=0" }
            let name = essence(part)
            return !refused && (name == type || name == "*/*" || name == family)
        }
    }

    private static func essence(_ text: Substring) -> String {
        let name = text.prefix { $0 != ";" }.lowercased()
        return String(name.filter { $0 != " " && $0 != "\t" })
    }
}
