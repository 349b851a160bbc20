/* What only the JVM's side can show: Checks DIRECTORY. */
import java.io.File
import org.healthspace.*

val passphrase: ByteArray get() = byteArrayOf(111, 110, 101, 0, -1)
val model = Recipient(RecipientKind.MODEL, "eu-llm")

fun bundle(count: Int): ByteArray {
    val category = "http://terminology.hl7.org/CodeSystem/observation-category"
    val observations = (0 until count).map {
        """{"resource":{"resourceType":"Observation","id":"o$it","status":"final",
        "category":[{"coding":[{"system":"$category","code":"laboratory"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"18262-6"}],"text":"LDL cholesterol"},
        "subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-01-${(10 + it % 18)}",
        "valueQuantity":{"value":${131 + it}.5,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}"""
    }
    val patient = """{"resource":{"resourceType":"Patient","id":"p","gender":"female","birthDate":"1970-03-04"}}"""
    val entries = (listOf(patient) + observations).joinToString(",")
    return """{"resourceType":"Bundle","type":"collection","entry":[$entries]}""".encodeToByteArray()
}

fun failure(call: () -> Unit): HealthspaceException.Failed {
    try {
        call()
    } catch (e: HealthspaceException.Failed) {
        return e
    }
    error("it should have failed")
}

fun same(found: Any?, wanted: Any?) = check(found == wanted) { "$found, not $wanted" }

fun errorsAreThoseOfTheLibrary() {
    val names = errorCodes().values.map { it.replace(Regex("(?<=[a-z])(?=[A-Z])|(?<=A)(?=S)"), "_").uppercase() }
    same(names.toSet(), ErrorKind.entries.map { it.name }.toSet())
}

fun errorsHaveAKindAndNoContent(dir: File, space: HealthSpace) {
    val file = File(dir, "checks.hs").path
    val cases = listOf(
        ErrorKind.ALREADY_EXISTS to { createSpace(file, passphrase) },
        ErrorKind.CANNOT_OPEN to { HealthSpace.open(file, "sesame".encodeToByteArray()) },
        ErrorKind.CANNOT_OPEN to { HealthSpace.openRecovery(file, byteArrayOf()) },
        ErrorKind.IO to { HealthSpace.open(File(dir, "private-name.hs").path, passphrase) },
        ErrorKind.MALFORMED to { space.importBytes("health", "not a health file".encodeToByteArray()) },
        ErrorKind.NO_SUCH_PARTITION to { space.importBytes("private-room", bundle(1)) },
        ErrorKind.MALFORMED to { space.session(model, "PRIVATE") },
        ErrorKind.MALFORMED to { space.consentRequest(ConsentTerms(model, emptyList())).confirm("tap", ByteArray(31)) },
    )
    for ((kind, call) in cases) {
        val e = failure { call() }
        same(e.kind, kind)
        same(e.message, "kind=$kind, code=${e.code}")
        same(e.cause, null)
    }
}

fun callbacksStopAnImport(space: HealthSpace) {
    val data = bundle(2000)
    fun with(f: (ULong) -> Boolean) = space.importBytes("health", data, progress = object : ImportProgress {
        override fun onProgress(done: ULong, total: ULong?, records: ULong) = f(done)
    })
    same(failure { with { false } }.kind, ErrorKind.CANCELLED)
    same(failure { with { throw ProgressException.Stopped() } }.kind, ErrorKind.CANCELLED)
    same(failure { with { throw IllegalStateException("LDL 3.1") } }.let { it.kind to it.message?.contains("LDL") },
        ErrorKind.CANCELLED to false)
    // A callback may use the space.
    val seen = mutableListOf<ULong>()
    same(with { seen += it; space.partitions() == listOf("health", "general") }.imported, 2001uL)
    check(seen.size > 3 && seen.max() <= data.size.toULong())
}

fun nothingPrintsWhatItHolds(space: HealthSpace) {
    val terms = ConsentTerms(model, listOf(HealthCategory.LABORATORY))
    val ask = space.consentRequest(terms)
    ask.notice()
    val grant = ask.confirm("tap", ByteArray(32))
    val session = space.session(model)
    val context = session.ground("What was my last LDL?")
    val cited = context.citations().first()
    val report = space.importBytes("health", bundle(1))
    val things = listOf(space, terms, model, grant, space.grants().first(), session, context, cited, report)
    for (word in listOf("LDL", "eu-llm", "LABORATORY", "Observation", grant.id, cited.record, session.conversation())) {
        for (thing in things) check(!thing.toString().contains(word)) { "${thing::class} prints $word" }
    }
}

fun whatIsErasedIsGone(dir: File) {
    fun at(name: String) = File(dir, name).path
    val evidence = ByteArray(32)
    val keys = SpaceKeyStore.software(at("keys"))
    var space = createSpaceWithKeystore(at("erase.hs"), passphrase, keys).space
    space.importBytes("health", bundle(2))
    val backup = space.backup(at("erase.hsb"))
    same(space.knownCopies().single().id, backup)
    val done = space.erase("health", Erasing.Period(1_700_000_000_000, 1_800_000_000_000), "tap", evidence)
    same(done.level to done.records, "E1" to 2uL)
    check(!done.toString().contains("salt"))
    same(failure { space.eraseFromCopies(passphrase, "tap", evidence) }.kind, ErrorKind.LEVEL_UNAVAILABLE)
    val rotated = space.eraseFromCopies(passphrase, "tap", evidence, keystore = keys)
    same(rotated.level to rotated.removed, "E2r" to listOf(WayKind.RECOVERY_CODE))
    space = rotated.space
    check(space.erasureCertificate("health", done.entry).contains("E2r"))
    same(space.verifyErasure("health", done.entry, ErasureTrialTerms()).confirmed, null)
    same(space.breachScope(LostThing.Backup(backup)).erasuresSince, 1uL)
    space = space.rotateKeys(passphrase, keystore = keys).space
    same(space.waysIn().map { it.kind }.toSet(), setOf(WayKind.PASSPHRASE_AND_DEVICE, WayKind.RECOVERY_CODE))

    val plain = createSpace(at("plain.hs"), passphrase).space
    plain.backup(at("plain.hsb"))
    val back = restoreSpace(at("plain.hsb"), at("plain-back.hs"), passphrase, "tap", evidence, plain)
    same(back.erasures to back.permissions, "replayed" to 0uL)
}

/** Damages both copies of one partition's head, in a file that nobody has open. */
fun damageAHead(file: File) {
    val bytes = file.readBytes()
    val head = byteArrayOf(0xAE.toByte(), 1, 1, 2, 1, 3, 0x50)
    val found = (0..bytes.size - 64).filter { at -> head.indices.all { bytes[at + it] == head[it] } }
    fun scope(at: Int) = bytes.copyOfRange(at + 25, at + 41).toList()
    for (at in found.filter { scope(it) == scope(found.first()) }) bytes[at + 41] = 0
    file.writeBytes(bytes)
}

fun damageIsTold(dir: File) {
    fun at(name: String) = File(dir, name).path
    val evidence = ByteArray(32)
    createSpace(at("damaged.hs"), passphrase).space.lock()
    val whole = HealthSpace.openDamaged(at("damaged.hs"), passphrase)
    same(whole.damagedPartitions(), emptyList<String>())
    same(whole.readableMemories("general").let { it.memories.size to it.unread }, 0 to 0uL)
    whole.lock()
    damageAHead(File(at("damaged.hs")))
    same(failure { HealthSpace.open(at("damaged.hs"), passphrase) }.kind, ErrorKind.CORRUPT)
    val space = HealthSpace.openDamaged(at("damaged.hs"), passphrase)
    val damaged = space.damagedPartitions()
    same((damaged + space.partitions()).toSet() to damaged.size, setOf("health", "general") to 1)
    space.backup(at("damaged.hsb"))
    fun restore(to: String, withDamage: Boolean) =
        restoreSpace(at("damaged.hsb"), at(to), passphrase, "tap", evidence, withDamage = withDamage)
    same(failure { restore("refused.hs", false) }.kind, ErrorKind.CORRUPT)
    val back = restore("mended.hs", true)
    same(back.emptied, damaged)
    check(!back.toString().contains(damaged.single()))
    space.lock()
}

fun closedObjectsAreRefusedAndKeysGo(dir: File, space: HealthSpace) {
    val session = space.session(model)
    val other = HealthSpace.openPartitions(File(dir, "checks.hs").path, passphrase, listOf("general"))
    space.lock()
    same(failure { session.rememberIn("general", "likes tea") }.kind, ErrorKind.LOCKED)
    // Another handle goes on, until it is closed.
    other.session(model).use { it.rememberIn("general", "likes tea") }
    other.close()
    check(runCatching { other.partitions() }.exceptionOrNull() is IllegalStateException)
}

fun main(args: Array<String>) {
    val dir = File(args[0])
    val space = createSpace(File(dir, "checks.hs").path, passphrase).space
    errorsAreThoseOfTheLibrary()
    errorsHaveAKindAndNoContent(dir, space)
    callbacksStopAnImport(space)
    nothingPrintsWhatItHolds(space)
    whatIsErasedIsGone(dir)
    damageIsTold(dir)
    theAppsKeystoreTakesPart(dir)
    whatAKeystoreThrowsIsAnError(dir)
    closedObjectsAreRefusedAndKeysGo(dir, space)
    println("9 passed: the library on the JVM, version ${version()}")
}
