extension Configuration {
    package struct ECS: Sendable, Equatable {
        package var cluster: String
        package var taskDefinition: String
        package var subnets: [String]
        package var securityGroups: [String]
        package var assignPublicIP: Bool
        package var containerPort: Int
        package var startupTimeout: Duration
        package var pollInterval: Duration
        /// `nil`: from the AWS environment or profile.
        package var region: String?
        package var platformVersion: String?
        /// `nil`: inferred from the task definition.
        package var containerName: String?
        package var logGroup: String?
        package var logStreamPrefix: String?
    }
}

extension Configuration.ECS {
    init(reading section: Section, isChosen: Bool) {
        cluster = section.optionalString("cluster") ?? ""
        taskDefinition = section.optionalString("task_definition") ?? ""
        subnets = section.strings("subnets", of: "subnet ids")
        securityGroups = section.strings("security_groups", of: "security group ids")
        assignPublicIP = section.bool("assign_public_ip", default: true)
        containerPort = section.integer("container_port", default: 2468, in: 1...65535)
        startupTimeout = .seconds(section.integer("startup_timeout_secs", default: 120, in: 1...3600))
        pollInterval = .milliseconds(section.integer("poll_interval_ms", default: 1000, in: 100...60_000))
        region = section.optionalString("region")
        platformVersion = section.optionalString("platform_version")
        containerName = section.optionalString("container_name")
        logGroup = section.optionalString("log_group")
        logStreamPrefix = section.optionalString("log_stream_prefix")
        guard isChosen else { return }
        let required = [
            ("cluster", cluster.isEmpty), ("task_definition", taskDefinition.isEmpty), ("subnets", subnets.isEmpty),
        ]
        for (key, isMissing) in required where isMissing {
            section.reportMissing(key, "required when sandbox.provider = \"ecs\"")
        }
    }
}
