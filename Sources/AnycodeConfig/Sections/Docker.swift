extension Configuration {
    package struct Docker: Sendable, Equatable {
        package var image: String
        /// Host ports for containers, bound to 127.0.0.1; `nil` lets the Engine choose.
        package var ports: ClosedRange<Int>?
        package var network: String
        /// Megabytes of memory and swap for each sandbox; 0 is no limit.
        package var memoryMB: Int
        /// Thousandths of a processor for each sandbox; 0 is no limit.
        package var milliCPUs: Int
        /// Processes and threads in each sandbox; 0 is no limit.
        package var maxTasks: Int
        /// Whether only the workspace, the home and `/tmp` can be written.
        package var readOnlyRoot: Bool
    }
}

extension Configuration.Docker {
    init(reading section: Section) {
        image = section.string("image", default: "anycode-sandbox:latest")
        network = section.string("network", default: "bridge")
        let start = section.integer("port_range_start", default: 12000, in: 0...65535)
        let end = section.integer("port_range_end", default: 12100, in: 0...65535)
        memoryMB = section.integer("memory_mb", default: 4096, in: 0...16_777_216)
        milliCPUs = section.integer("milli_cpus", default: 0, in: 0...1_024_000)
        maxTasks = section.integer("max_tasks", default: 2048, in: 0...4_194_304)
        readOnlyRoot = section.bool("read_only_root", default: false)
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
