import Testing

@testable import AnycodeChat

@Test func emphasisAndTablesAreParsed() {
    let document = MarkdownDocument(parsing: "**a** _b_\n\n| x | y |\n|---|--:|\n| 1 | 2 |")
    #expect(document.blocks.count == 2)
}
