/* A keystore of the app's own, in Kotlin: it takes part, is refused where it is another's, destroys, and throws. */
import java.io.File
import java.security.GeneralSecurityException
import java.security.SecureRandom
import javax.crypto.Cipher
import javax.crypto.spec.GCMParameterSpec
import javax.crypto.spec.SecretKeySpec
import org.healthspace.*

/** AES-GCM keys in memory. On a phone they stand in its Keystore, and the rest is the same. */
open class Phone(private val kind: KeyStoreKind = KeyStoreKind.HARDWARE) : DeviceKeyStore {
    val keys = mutableMapOf<List<Byte>, ByteArray>()
    private val random = SecureRandom()
    private fun fresh(size: Int) = ByteArray(size).also { random.nextBytes(it) }

    private fun cipher(mode: Int, key: ByteArray, nonce: ByteArray): Cipher {
        val stored = keys[key.toList()] ?: throw DeviceKeyException.NotFound()
        return Cipher.getInstance("AES/GCM/NoPadding").apply {
            init(mode, SecretKeySpec(stored, "AES"), GCMParameterSpec(128, nonce))
        }
    }

    override fun createKey() = fresh(16).also { keys[it.toList()] = fresh(32) }

    override fun wrap(key: ByteArray, secret: ByteArray): ByteArray {
        val nonce = fresh(12)
        return (nonce + cipher(Cipher.ENCRYPT_MODE, key, nonce).doFinal(secret)).also { secret.fill(0) }
    }

    override fun unwrap(key: ByteArray, wrapped: ByteArray): ByteArray {
        val cipher = cipher(Cipher.DECRYPT_MODE, key, wrapped.copyOf(12))
        return try {
            cipher.doFinal(wrapped, 12, wrapped.size - 12)
        } catch (e: GeneralSecurityException) {
            throw DeviceKeyException.NotThisKey()
        }
    }

    override fun destroyKey(key: ByteArray): DestroyOutcome {
        keys.remove(key.toList())?.fill(0)
        return DestroyOutcome(true, byteArrayOf(7))
    }

    override fun kind() = kind
}

fun theAppsKeystoreTakesPart(dir: File) {
    fun at(name: String) = File(dir, name).path
    val (phone, other, evidence) = Triple(Phone(), Phone(), ByteArray(32))
    val (mine, others) = SpaceKeyStore.device(phone) to SpaceKeyStore.device(other)

    val created = createSpaceWithKeystore(at("phone.hs"), passphrase, mine)
    created.space.importBytes("health", bundle(2))
    created.space.lock()
    File(at("phone.hs")).copyTo(File(at("phone-older.hs")))
    var space = HealthSpace.openWithKeystore(at("phone.hs"), passphrase, mine)
    same(space.waysIn().map { it.kind }.toSet(), setOf(WayKind.PASSPHRASE_AND_DEVICE, WayKind.RECOVERY_CODE))
    HealthSpace.openPartitions(at("phone.hs"), passphrase, listOf("general"), mine).lock()
    // Another's keystore, one whose keys are others, and none.
    other.keys.putAll(phone.keys.mapValues { ByteArray(32) })
    for (no in listOf(others, SpaceKeyStore.device(Phone()), SpaceKeyStore.software(at("no-keys")))) {
        same(failure { HealthSpace.openWithKeystore(at("phone.hs"), passphrase, no) }.kind, ErrorKind.CANNOT_OPEN)
    }
    same(failure { HealthSpace.open(at("phone.hs"), passphrase) }.kind, ErrorKind.CANNOT_OPEN)
    // By the code it opens without.
    val code = created.recoveryCode.reveal().encodeToByteArray()
    HealthSpace.openRecovery(at("phone.hs"), code).lock()
    space.confirmRecoveryCode(code)
    same(space.waysIn().single { it.kind == WayKind.RECOVERY_CODE }.confirmed, true)

    // What was erased goes from older copies too: the phone destroys the keys of the secrets.
    val before = phone.keys.keys.toSet()
    val done = space.erase("health", Erasing.Everything, "tap", evidence)
    same(failure { space.eraseFromCopies(passphrase, "tap", evidence, keystore = others) }.kind,
        ErrorKind.LEVEL_UNAVAILABLE)
    val rotated = space.eraseFromCopies(passphrase, "tap", evidence, keystore = mine)
    same(rotated.level, "E2r")
    check(phone.keys.keys.none { it in before } && phone.keys.isNotEmpty())
    space = rotated.space
    val terms = ErasureTrialTerms(older = at("phone-older.hs"))
    val found = space.verifyErasure("health", done.entry, terms, passphrase, code, mine)
    same(found.claimed to found.confirmed, "E2r" to "E2r")
    same(failure { HealthSpace.openWithKeystore(at("phone-older.hs"), passphrase, mine) }.kind, ErrorKind.CANNOT_OPEN)
    space = space.rotateKeys(passphrase, keystore = mine).space
    space.lock()
    HealthSpace.openWithKeystore(at("phone.hs"), passphrase, mine).lock()

    // Bound to it, the code opens nothing by itself, and the level is the keystore's own word.
    val bound = createSpaceBoundToDevice(at("bound.hs"), passphrase, mine)
    val words = bound.recoveryCode.reveal().encodeToByteArray()
    bound.space.importBytes("health", bundle(1))
    same(failure { HealthSpace.openRecovery(at("bound.hs"), words) }.kind, ErrorKind.CANNOT_OPEN)
    HealthSpace.openRecovery(at("bound.hs"), words, mine).lock()
    bound.space.erase("health", Erasing.Everything, "tap", evidence)
    val gone = bound.space.eraseFromCopies(passphrase, "tap", evidence, keystore = mine)
    same(gone.level, "E2-device")
    check(!DestroyOutcome(true, byteArrayOf(7)).toString().contains("7") && !mine.toString().contains("HARDWARE"))
}

/** Throws what it is given at one of its calls. */
class Failing(private val thrown: Throwable, private val at: String) : Phone() {
    var on = true
    private fun at(call: String) { if (on && call == at) throw thrown }
    override fun createKey() = at("createKey").let { super.createKey() }
    override fun wrap(key: ByteArray, secret: ByteArray) = at("wrap").let { super.wrap(key, secret) }
    override fun unwrap(key: ByteArray, wrapped: ByteArray) = at("unwrap").let { super.unwrap(key, wrapped) }
    override fun destroyKey(key: ByteArray) = at("destroyKey").let { super.destroyKey(key) }
    override fun kind() = at("kind").let { super.kind() }
}

fun whatAKeystoreThrowsIsAnError(dir: File) {
    fun at(name: String) = File(dir, name).path
    val expected = listOf(
        DeviceKeyException.NotFound() to ErrorKind.NOT_FOUND,
        DeviceKeyException.NotThisKey() to ErrorKind.CANNOT_OPEN,
        DeviceKeyException.Failed() to ErrorKind.IO,
        IllegalStateException("LDL 3.1") to ErrorKind.IO,
    )
    for ((thrown, kind) in expected) for (call in listOf("kind", "createKey", "wrap", "unwrap")) {
        val e = failure {
            createSpaceWithKeystore(at("failing.hs"), passphrase, SpaceKeyStore.device(Failing(thrown, call)))
        }
        same(Triple(call, e.kind, e.message), Triple(call, kind, "kind=$kind, code=${e.code}"))
        check(!File(at("failing.hs")).exists())
    }
    // Kotlin's own `Error`s too, which the generated code does not catch: JNA prints them and goes on.
    val printed = System.err
    System.setErr(java.io.PrintStream(java.io.OutputStream.nullOutputStream()))
    for (call in listOf("kind", "createKey", "wrap", "unwrap")) {
        val odd = Failing(NotImplementedError("LDL 3.1"), call)
        val e = failure { createSpaceWithKeystore(at("failing.hs"), passphrase, SpaceKeyStore.device(odd)) }
        check(e.kind == ErrorKind.IO || e.kind == ErrorKind.KEY_STORE) { "$call: ${e.kind}" }
    }
    System.setErr(printed)

    // What was not destroyed stays named, and is destroyed at a later opening.
    val clings = Failing(DeviceKeyException.Failed(), "destroyKey")
    val store = SpaceKeyStore.device(clings)
    var space = createSpaceWithKeystore(at("clings.hs"), passphrase, store).space
    space.importBytes("health", bundle(1))
    val done = space.erase("health", Erasing.Everything, "tap", ByteArray(32))
    val before = clings.keys.keys.toSet()
    val rotated = space.eraseFromCopies(passphrase, "tap", ByteArray(32), keystore = store)
    same(rotated.level, null)
    check(before.all { it in clings.keys })
    rotated.space.lock()
    clings.on = false
    space = HealthSpace.openWithKeystore(at("clings.hs"), passphrase, store)
    check(before.none { it in clings.keys })
    check(space.erasureCertificate("health", done.entry).contains("E2r"))

    // One that is locked, and a wrong passphrase, at an opening.
    val locked = Failing(DeviceKeyException.Failed(), "unwrap").also { it.keys.putAll(clings.keys) }
    same(failure { HealthSpace.openWithKeystore(at("clings.hs"), passphrase, SpaceKeyStore.device(locked)) }.kind,
        ErrorKind.IO)
    same(failure { HealthSpace.openWithKeystore(at("clings.hs"), byteArrayOf(1), store) }.kind, ErrorKind.CANNOT_OPEN)
}
