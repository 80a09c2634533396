import Testing

@testable import Supervision

/// Random trees under random events, against ``TreeModel``.
@Suite struct RandomTreeTests {
    /// Makes plans and their specs.
    struct Planter {
        var random: SeededRandom
        var next = 0

        mutating func name() -> String {
            next += 1
            return "n\(next)"
        }

        mutating func intensity() -> RestartIntensity {
            RestartIntensity(
                Int.random(in: 0...4, using: &random), in: .seconds(Int.random(in: 1...10, using: &random))
            )
        }

        mutating func supervisor(depth: Int) -> TreeModel.Plan {
            let strategy = RestartStrategy.allCases.randomElement(using: &random) ?? .oneForOne
            let children = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (
                    id: name(), restart: RestartType.allCases.randomElement(using: &random) ?? .permanent,
                    plan: node(depth)
                )
            }
            return .supervisor(strategy, intensity(), children)
        }

        mutating func node(_ depth: Int) -> TreeModel.Plan {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3 where depth > 0: return supervisor(depth: depth - 1)
            case 3..<5 where depth > 0:
                let keys = (0..<Int.random(in: 0...3, using: &random)).map { _ in name() }
                return .dynamic(
                    intensity(), IntensityScope.allCases.randomElement(using: &random) ?? .perChild,
                    RestartType.allCases.randomElement(using: &random) ?? .transient, keys: keys
                )
            default: return .worker
            }
        }
    }

    static func specs(
        _ list: [(id: String, restart: RestartType, plan: TreeModel.Plan)], _ bench: Bench
    ) -> [ChildSpec] {
        list.map { id, restart, plan in
            switch plan {
            case .worker:
                return bench.spec(id, restart)
            case .supervisor(let strategy, let intensity, let children):
                let specs = specs(children, bench)
                return .supervisor(id: id, restart: restart) { context in
                    try Supervisor(under: context, strategy: strategy, intensity: intensity, children: specs)
                }
            case .dynamic(let intensity, let scope, let childRestart, let keys):
                return .supervisor(id: id, restart: restart) { context in
                    let dynamic = DynamicSupervisor<String>(
                        under: context, intensity: intensity, scope: scope, restart: childRestart
                    ) { _, context in try await bench.child(context) }
                    for key in keys { try dynamic.startChild(key) }
                    return dynamic
                }
            }
        }
    }

    @Test(arguments: 0..<400) func treesDoAsTheModelSays(_ seed: UInt64) throws {
        var planter = Planter(random: SeededRandom(seed: seed))
        let plan = planter.supervisor(depth: 3)
        guard case .supervisor(let strategy, let intensity, let children) = plan else { return }
        let bench = Bench(seed: seed)
        let model = TreeModel(plan)
        let root = try bench.supervisor(strategy, intensity: intensity, Self.specs(children, bench))
        bench.run(root)
        #expect(TreeModel.lines(root.snapshot()) == model.lines, "seed \(seed), at the start")

        var story: [String] = []
        for _ in 0..<60 where !model.failed {
            story.append(try happen(&planter.random, bench, root, model))
            let (real, expected) = (TreeModel.lines(root.snapshot()), model.lines)
            guard bench.isOver == model.failed, model.failed || real == expected else {
                Issue.record("seed \(seed) after \(story): \(real) instead of \(expected)")
                return
            }
        }
        #expect((bench.escalation != nil) == model.failed)
        root.stop()
        bench.executor.drain()
        #expect(bench.isOver, "seed \(seed) stops")
        #expect(bench.clock.deadlines == [], "seed \(seed) leaves no sleeper")
        let starts = bench.log.count { $0.hasPrefix("+") }
        #expect(starts == bench.log.count { $0.hasPrefix("-") }, "seed \(seed) leaves no child")
    }

    /// One thing happens to the tree and to the model.
    private func happen(
        _ random: inout SeededRandom, _ bench: Bench, _ root: Supervisor, _ model: TreeModel
    ) throws -> String {
        let workers = model.paths { if case .worker = $0.plan { $0.up } else { false } }
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3:
            let time = Duration.milliseconds(Int.random(in: 0...4000, using: &random))
            bench.advance(time)
            model.passed(time)
            return "passed \(time)"
        case 3..<5:
            guard let path = model.paths(where: { $0.up }).randomElement(using: &random) else { return "" }
            try root.restart(NodePath(path))
            bench.executor.drain()
            if let node = model.node(path) { model.renewed(node) }
            return "restart \(NodePath(path))"
        case 5:
            guard let id = model.root.children.randomElement(using: &random)?.id, let node = model.node([id]) else {
                return ""
            }
            bench.perform { try await root.terminateChild(id) }
            model.terminated(node)
            return "terminate \(id)"
        case 6:
            guard let id = model.root.children.filter({ !$0.up }).randomElement(using: &random)?.id,
                let node = model.node([id])
            else { return "" }
            try root.restartChild(id)
            bench.executor.drain()
            model.renewed(node)
            return "bring back \(id)"
        default:
            guard let path = workers.randomElement(using: &random), let node = model.node(path) else { return "" }
            let (order, reason) =
                [
                    (Bench.Order.end, ExitReason.normal), (.shutdown, .shutdown),
                    (.crash("x"), .failure(.init(Bench.Crash("x")))), (.crash("x"), .failure(.init(Bench.Crash("x")))),
                ].randomElement(using: &random) ?? (.end, .normal)
            bench.tell(NodePath(path).description, order)
            model.ended(node, reason)
            return "\(reason) of \(NodePath(path))"
        }
    }
}
