extension Configuration {
    package struct Docker: Sendable, Equatable {
        package var image: String
        /// Host ports for containers, bound to 127.0.0.1; `nil` lets the Engine choose.
        package var ports: ClosedRange<Int>?
        package var network: String
    }
}

extension Configuration.Docker {
    init(reading section: Section) {
        image = section.string("image", default: "anycode-sandbox:latest")
        network = section.string("network", default: "bridge")
        let start = section.integer("port_range_start", default: 12000, in: 0...65535)
        let end = section.integer("port_range_end", default: 12100, in: 0...65535)
        ports = nil
        if image.isEmpty { section.report(.badValue, "image", "must name an image") }
        if network.isEmpty { section.report(.badValue, "network", "must name a network") }
        if start > 0 && end >= start {
            ports = start...end
        } else if start != 0 || (end != 0 && section.has("port_range_end")) {
            section.report(
                .combination, "port_range_start", "must be above 0 and not above port_range_end (\(end))",
                hint: "or set both to 0 to let the Engine choose ports")
        }
    }
}
