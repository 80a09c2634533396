import Foundation

/// What libFuzzer calls for each input; `ANYCODE_FUZZ_TARGET` names the parser.
///
/// Source of the interface: LLVM's documentation of libFuzzer, "Fuzz Target".
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    do {
        try chosenTarget.run(bytes)
    } catch {
        fatalError("\(chosenTarget.name): \(error)")
    }
    return 0
}

private let chosenTarget: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["ANYCODE_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget.named(name) else {
        fatalError("ANYCODE_FUZZ_TARGET is one of: \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
    }
    return target
}()
