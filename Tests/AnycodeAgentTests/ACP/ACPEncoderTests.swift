import AnycodeCore
import AnycodeJSON
import Testing

@testable import AnycodeAgent

struct ACPEncoderTests {
    private func text(_ call: AgentCall) -> String {
        String(decoding: ACPEncoder(version: "1.0").message(for: call).bytes, as: UTF8.self)
    }

    private let session = AgentSessionID("s1")

    @Test func writesEachCall() {
        #expect(
            text(.initialize(.number(0)))
                == #"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":false,"writeTextFile":false},"terminal":false,"elicitation":{"form":{},"url":{}}},"clientInfo":{"name":"anycode","version":"1.0"}}}"#
        )
        #expect(
            text(.openSession(.number(1), directory: "/w"))
                == #"{"jsonrpc":"2.0","id":1,"method":"session/new","params":{"cwd":"/w","mcpServers":[]}}"#)
        #expect(
            text(.loadSession(.string("x"), session, directory: "/w"))
                == #"{"jsonrpc":"2.0","id":"load|s|1|xs1","method":"session/load","params":{"sessionId":"s1","cwd":"/w","mcpServers":[]}}"#
        )
        #expect(
            text(.prompt(.number(2), session, text: "fix \"it\"\n🙂"))
                == #"{"jsonrpc":"2.0","id":2,"method":"session/prompt","params":{"sessionId":"s1","prompt":[{"type":"text","text":"fix \"it\"\n🙂"}]}}"#
        )
        #expect(
            text(.cancel(session)) == #"{"jsonrpc":"2.0","method":"session/cancel","params":{"sessionId":"s1"}}"#)
    }

    @Test func writesModesAndModelsInEitherForm() {
        #expect(
            text(.setMode(.number(3), session, mode: "plan"))
                == #"{"jsonrpc":"2.0","id":3,"method":"session/set_mode","params":{"sessionId":"s1","modeId":"plan"}}"#)
        #expect(
            text(.setMode(.number(3), session, mode: "@m=plan"))
                == #"{"jsonrpc":"2.0","id":3,"method":"session/set_config_option","params":{"sessionId":"s1","configId":"m","value":"plan"}}"#
        )
        #expect(
            text(.setModel(.number(3), session, model: "x/y:z"))
                == #"{"jsonrpc":"2.0","id":3,"method":"session/set_model","params":{"sessionId":"s1","modelId":"x/y:z"}}"#
        )
        #expect(
            text(.setModel(.number(3), session, model: "@model=a=b"))
                == #"{"jsonrpc":"2.0","id":3,"method":"session/set_config_option","params":{"sessionId":"s1","configId":"model","value":"a=b"}}"#
        )
    }

    @Test func writesAnswers() {
        #expect(
            text(.answerPermission(.string("p"), .selected("o1")))
                == #"{"jsonrpc":"2.0","id":"p","result":{"outcome":{"outcome":"selected","optionId":"o1"}}}"#)
        #expect(
            text(.answerPermission(.number(4), .cancelled))
                == #"{"jsonrpc":"2.0","id":4,"result":{"outcome":{"outcome":"cancelled"}}}"#)
        #expect(
            text(
                .answerQuestion(
                    .number(5),
                    .accepted([
                        "a": .text("x"), "b": .texts(["p", "q"]), "c": .number(3), "d": .number(1.5),
                        "e": .boolean(false),
                    ])))
                == #"{"jsonrpc":"2.0","id":5,"result":{"action":"accept","content":{"a":"x","b":["p","q"],"c":3,"d":1.5,"e":false}}}"#
        )
        #expect(
            text(.answerQuestion(.number(5), .declined)) == #"{"jsonrpc":"2.0","id":5,"result":{"action":"decline"}}"#)
        #expect(
            text(.answerQuestion(.number(5), .cancelled)) == #"{"jsonrpc":"2.0","id":5,"result":{"action":"cancel"}}"#)
    }
}
