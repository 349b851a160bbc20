/*
 * The story in Kotlin: Story SPACE FILE QUESTION. The space must not exist yet.
 *
 * The context goes to standard output, the rest to standard error. Exit codes: 0, 1 failed, 2 usage.
 * `make test-mobile` compiles and runs it on the JVM.
 */
import java.security.MessageDigest
import kotlin.system.exitProcess
import org.healthspace.ConsentTerms
import org.healthspace.ErrorKind
import org.healthspace.HealthCategory
import org.healthspace.HealthspaceException
import org.healthspace.Recipient
import org.healthspace.RecipientKind
import org.healthspace.createSpace
import org.healthspace.verifyReceipt

fun tell(text: String) = System.err.println(text)

/** Runs what has to be refused, and fails where it is not. */
fun refused(kind: ErrorKind, what: String, call: () -> Unit) {
    try {
        call()
    } catch (e: HealthspaceException.Failed) {
        if (e.kind != kind) throw e
        tell("$what: refused")
        return
    }
    error("$what: it was not refused")
}

fun story(file: String, source: String, question: String, passphrase: ByteArray) {
    val created = createSpace(file, passphrase)
    passphrase.fill(0) // the library wipes its own copies, and the array is ours
    tell("recovery code, shown this once: ${created.recoveryCode.use { it.reveal() }}")
    created.space.use { space ->
        val report = space.importFile("health", source)
        tell("${report.imported} records, ${report.facts} facts")

        val model = Recipient(RecipientKind.MODEL, "eu-llm")
        val categories = listOf(HealthCategory.LABORATORY, HealthCategory.MEDICATIONS, HealthCategory.CONDITIONS)
        val request = space.consentRequest(ConsentTerms(model, categories, expiresInDays = 90u))
        val notice = request.notice()
        tell(notice)
        val evidence = MessageDigest.getInstance("SHA-256").digest(notice.encodeToByteArray())
        val grant = request.confirm("command-line", evidence)

        val session = space.session(model)
        val context = session.ground(question)
        println(context.text())
        for (c in context.citations()) {
            println("[r:${c.number}] file ${c.source.take(16)}.. member ${c.member}, bytes ${c.offset}..${c.offset + c.length}")
        }

        session.remember("LDL fell", context)
        refused(ErrorKind.FLOW_DENIED, "into general") { session.rememberIn("general", "LDL fell") }
        space.withdraw(grant.id)
        refused(ErrorKind.DENIED, "after the withdrawal") { session.ground(question) }

        // What happened is proved without the space.
        val receipt = space.receipt("health", context.entry())
        val key = space.verifierKey("health")
        space.lock()
        tell(verifyReceipt(receipt, key).describe("en"))
    }
}

fun main(args: Array<String>) {
    val passphrase = System.getenv("HEALTHSPACE_PASSPHRASE")
    if (args.size != 3 || passphrase == null) {
        tell("usage: HEALTHSPACE_PASSPHRASE=... Story SPACE FILE QUESTION")
        exitProcess(2)
    }
    story(args[0], args[1], args[2], passphrase.encodeToByteArray())
}
