// The story in Swift: Story SPACE FILE QUESTION. The space must not exist yet.
//
// The context goes to standard output, the rest to standard error. Exit codes: 0, 1 failed, 2 usage.
// `make test-mobile` compiles and runs it where there is a Swift compiler. In an app, `import
// Healthspace` comes first; here the generated file is compiled together with this one.

import Foundation

struct Unexpected: Error {
    let what: String
}

func tell(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
}

/// Runs what has to be refused, and fails where it is not.
func refused(_ kind: ErrorKind, _ what: String, _ call: () throws -> Void) throws {
    do {
        try call()
    } catch HealthspaceError.Failed(let found, _) where found == kind {
        tell("\(what): refused")
        return
    }
    throw Unexpected(what: "\(what): it was not refused")
}

func story(file: String, source: String, question: String, passphrase: Data) throws {
    let created = try createSpace(path: file, passphrase: passphrase)
    tell("recovery code, shown this once: \(created.recoveryCode.reveal())")
    let space = created.space
    defer { space.lock() }

    let report = try space.importFile(partition: "health", path: source)
    tell("\(report.imported) records, \(report.facts) facts")

    let model = Recipient(kind: .model, name: "eu-llm")
    let terms = ConsentTerms(
        recipient: model, categories: [.laboratory, .medications, .conditions], expiresInDays: 90)
    let request = try space.consentRequest(terms: terms)
    tell(try request.notice())
    // An app hashes what it keeps as proof of the gesture (CryptoKit's SHA256); here, nothing is kept.
    let grant = try request.confirm(method: "command-line", evidence: Data(count: 32))

    let session = try space.session(recipient: model)
    let context = try session.ground(question: question)
    print(context.text())
    for c in context.citations() {
        print("[r:\(c.number)] file \(c.source.prefix(16)).. member \(c.member), bytes \(c.offset)..\(c.offset + c.length)")
    }

    _ = try session.remember(text: "LDL fell", context: context)
    try refused(.flowDenied, "into general") {
        _ = try session.rememberIn(partition: "general", text: "LDL fell")
    }
    try space.withdraw(grant: grant.id)
    try refused(.denied, "after the withdrawal") { _ = try session.ground(question: question) }

    // What happened is proved without the space.
    let receipt = try space.receipt(partition: "health", entry: context.entry())
    let key = try space.verifierKey(partition: "health")
    space.lock()
    tell(try verifyReceipt(receipt: receipt, verifierKey: key).describe(language: "en"))
}

@main
struct Story {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let passphrase = ProcessInfo.processInfo.environment["HEALTHSPACE_PASSPHRASE"]
        else {
            tell("usage: HEALTHSPACE_PASSPHRASE=... Story SPACE FILE QUESTION")
            exit(2)
        }
        do {
            try story(
                file: arguments[1], source: arguments[2], question: arguments[3], passphrase: Data(passphrase.utf8))
        } catch {
            tell("failed: \(error)")
            exit(1)
        }
    }
}
