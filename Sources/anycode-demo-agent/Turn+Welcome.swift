#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The small real job: a welcome section in the README and a check that it is there.
extension Turn {
    private static let start = "<!-- welcome -->"
    private static let end = "<!-- /welcome -->"
    private static let script = "scripts/check-welcome.sh"

    private static let greetings = [
        Choice(id: "warm", title: "Warm: “Welcome! We are glad that you are here.”"),
        Choice(id: "brief", title: "Brief: “Hello.”"),
        Choice(id: "formal", title: "Formal: “We welcome every contribution.”"),
    ]

    mutating func welcome() async throws {
        if session.greeting != nil { return try await change() }
        try await think("A small job in a real repository: let me look at what is here first. ")
        let steps = ["Read the repository", "Agree on a greeting", "Add a welcome section", "Check it"]
        updates.plan(steps, done: 0)
        let readme = try await readRepository()
        updates.plan(steps, done: 1)
        try await say("I will add a short welcome section for newcomers. ")
        let answer: String?
        if let words = requested() { answer = words } else { answer = try await ask() }
        session.greeting = answer ?? "brief"
        if answer == nil { try await say("No answer is fine too: I take the brief one. ") }
        updates.plan(steps, done: 2)
        let file = try await write(readme ?? "")
        updates.plan(steps, done: 3)
        let check = file == nil ? nil : try await check(file)
        updates.plan(steps, done: 4)
        try await summarise(file, check)
    }

    private mutating func change() async throws {
        let before = session.greeting ?? "brief"
        try await think("There is a welcome section already; the greeting was “\(before)”. ")
        if let words = requested() {
            session.greeting = words
        } else if let answer = try await ask() {
            session.greeting = answer
        }
        try await say("I change the greeting to “\(words(session.greeting ?? before))” ")
        let readme = try await read("README.md")
        let file = try await write(readme ?? "")
        if file == nil { session.greeting = before }
        try await summarise(file, nil)
    }

    private func ask() async throws -> String? {
        try await choose("Which greeting should the welcome section use?", Self.greetings)
    }

    /// A greeting that the prompt names: `/greeting some words`, or one of the choices by its name.
    private func requested() -> String? {
        if prompt.hasPrefix("/greeting ") {
            let words = prompt.dropFirst("/greeting ".count).filter { !$0.isNewline }
            return words.isEmpty ? nil : String(words)
        }
        let said = Set(prompt.lowercased().split { !$0.isLetter }.map(String.init))
        return Self.greetings.map(\.id).first(where: said.contains)
    }

    private func words(_ greeting: String) -> String {
        switch greeting {
        case "warm": "Welcome! We are glad that you are here."
        case "brief": "Hello."
        case "formal": "We welcome every contribution."
        default: greeting
        }
    }

    private func readRepository() async throws -> String? {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: session.directory)) ?? [])
            .filter { !$0.hasPrefix(".") }.sorted()
        try await think(names.isEmpty ? "The folder is empty. " : "I see \(names.prefix(12).joined(separator: ", ")). ")
        return try await read("README.md")
    }

    /// Puts the section into the README, or into a file of its own when the person rejects that.
    private mutating func write(_ readme: String) async throws -> String? {
        let section = "\(Self.start)\n## Welcome\n\n\(words(session.greeting ?? "brief"))\n\(Self.end)\n"
        if try await edit("README.md", to: Self.replace(section, in: readme)) { return "README.md" }
        try await say("\n\nYou would rather keep the README as it is, so I try a file of its own. ")
        return try await edit("WELCOME.md", to: section) ? "WELCOME.md" : nil
    }

    private static func replace(_ section: String, in text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.firstIndex(where: { $0 == start }), let last = lines.lastIndex(where: { $0 == end }),
            first < last
        else {
            return text.isEmpty
                ? "# Project\n\n" + section : (text.hasSuffix("\n") ? text : text + "\n") + "\n" + section
        }
        let rest = lines[(last + 1)...].joined(separator: "\n")
        return lines[..<first].map { $0 + "\n" }.joined() + section + rest
    }

    private mutating func check(_ file: String?) async throws -> Int32? {
        let script = """
            #!/bin/sh
            # Fails when the welcome section is missing.
            grep -q '^## Welcome$' \(file ?? "README.md") && echo 'ok: the welcome section is there'

            """
        guard try await edit(Self.script, to: script) else { return nil }
        return try await execute("sh " + Self.script)
    }

    private mutating func summarise(_ file: String?, _ check: Int32?) async throws {
        guard let file else {
            return try await say("\n\nNothing was changed: you rejected both ways. Tell me if you change your mind. ")
        }
        let checked = check.map { $0 == 0 ? " and checked it with `\(Self.script)`" : "; the check failed" } ?? ""
        try await say("\n\nDone: I put the greeting “\(words(session.greeting ?? "brief"))” into `\(file)`\(checked).")
    }
}
