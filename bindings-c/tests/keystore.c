/* A keystore of the host's functions: it takes part, is refused where it is another's, destroys, fails and
 * answers oddly. Valid C99 and C++17. */
#include "check.h"

#define SECRET secret, sizeof secret

static const uint8_t secret[] = {'o', 'n', 'e', 0, 0xff};

typedef enum { HONEST, FAILS, BEYOND, ENDLESS, NAMELESS, SHORT, CLINGS } how;

/* Keys are masks of one byte: enough for a test, and for nothing else. */
typedef struct {
    uint8_t masks[64];
    int there[64];
    int made, released;
    how mood;
} phone;

static int find(const phone *p, const uint8_t *key, size_t len)
{
    return len == 2 && key[0] == 'k' && key[1] < p->made && p->there[key[1]] ? key[1] : -1;
}

static int keys(const phone *p)
{
    int i, n = 0;
    for (i = 0; i < p->made; i++)
        n += p->there[i];
    return n;
}

static int32_t create_key(void *ctx, uint8_t *key, size_t *key_len)
{
    phone *p = (phone *)ctx;
    CHECK(*key_len == 256 && p->made < 64);
    if (p->mood == FAILS)
        return 7;
    p->there[p->made] = 1;
    p->masks[p->made] = (uint8_t)(0x40 + p->made);
    key[0] = 'k', key[1] = (uint8_t)p->made++;
    *key_len = p->mood == BEYOND ? 257 : p->mood == ENDLESS ? (size_t)-1 : p->mood == NAMELESS ? 0 : 2;
    return 0;
}

static int32_t wrap(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *bytes, size_t len, uint8_t *wrapped,
                    size_t *wrapped_len)
{
    const phone *p = (const phone *)ctx;
    int k = find(p, key, key_len);
    size_t i;
    CHECK(len == 32 && *wrapped_len == 4096);
    if (k < 0)
        return HS_ERROR_NOT_FOUND;
    wrapped[0] = p->masks[k];
    for (i = 0; i < len; i++)
        wrapped[i + 1] = (uint8_t)(bytes[i] ^ p->masks[k]);
    *wrapped_len = 33;
    return 0;
}

static int32_t unwrap(void *ctx, const uint8_t *key, size_t key_len, const uint8_t *wrapped, size_t len, uint8_t *bytes,
                      size_t *bytes_len)
{
    const phone *p = (const phone *)ctx;
    int k = find(p, key, key_len);
    size_t i;
    CHECK(*bytes_len == 32);
    if (p->mood == FAILS)
        return -1;
    if (k < 0)
        return HS_ERROR_NOT_FOUND;
    if (len != 33 || wrapped[0] != p->masks[k])
        return HS_ERROR_CANNOT_OPEN;
    for (i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(wrapped[i + 1] ^ p->masks[k]);
    *bytes_len = p->mood == SHORT ? 31 : 32;
    return 0;
}

static int32_t destroy_key(void *ctx, const uint8_t *key, size_t key_len, int32_t *rollback_resistant,
                           uint8_t *evidence, size_t *evidence_len)
{
    phone *p = (phone *)ctx;
    int k = find(p, key, key_len);
    CHECK(*evidence_len == 4096);
    if (p->mood == CLINGS)
        return HS_ERROR_BUSY;
    if (k >= 0)
        p->there[k] = 0;
    *rollback_resistant = 1;
    evidence[0] = 7, *evidence_len = 1;
    return 0;
}

static void release(void *ctx)
{
    ((phone *)ctx)->released++;
}

static hs_keystore *store_of(phone *p)
{
    hs_keystore_functions f;
    hs_keystore *store = NULL;
    f.ctx = p, f.kind = HS_KEYSTORE_KIND_HARDWARE;
    f.create_key = create_key, f.wrap = wrap, f.unwrap = unwrap, f.destroy_key = destroy_key, f.release = release;
    OK(hs_keystore_new(&f, &store));
    return store;
}

static void refused(phone *p)
{
    hs_keystore_functions f;
    hs_keystore *store = NULL;
    f.ctx = p, f.kind = HS_KEYSTORE_KIND_OS;
    f.create_key = create_key, f.wrap = wrap, f.unwrap = unwrap, f.destroy_key = NULL, f.release = release;
    CHECK(hs_keystore_new(&f, &store) == HS_ERROR_MALFORMED);
    f.destroy_key = destroy_key, f.kind = 0;
    CHECK(hs_keystore_new(&f, &store) == HS_ERROR_MALFORMED);
    CHECK(hs_keystore_new(NULL, &store) == HS_ERROR_MALFORMED);
    f.kind = HS_KEYSTORE_KIND_OS;
    CHECK(hs_keystore_new(&f, NULL) == HS_ERROR_MALFORMED);
    CHECK(hs_keystore_software(NULL, 0, &store) == HS_ERROR_MALFORMED);
    CHECK(store == NULL && p->released == 0);
    f.release = NULL;
    OK(hs_keystore_new(&f, &store));
    hs_keystore_free(store);
    hs_keystore_free(NULL);
}

static hs_space *opened(const char *file, const hs_keystore *store)
{
    hs_space *space = NULL;
    OK(hs_open_with_keystore(T(file), SECRET, store, &space));
    return space;
}

/* Of a destroyed key and of one that is to be destroyed later. */
static void destroys(const char *file, phone *p, const hs_keystore *store)
{
    const char *bundle = "{\"resourceType\":\"Observation\",\"id\":\"a\",\"status\":\"final\","
                         "\"code\":{\"text\":\"LDL cholesterol\"},\"effectiveDateTime\":\"2026-01-05\","
                         "\"valueString\":\"high\"}";
    hs_space *space = opened(file, store);
    hs_buffer *code = NULL, *json = NULL;
    hs_report *report = NULL;
    hs_hash evidence;
    const uint8_t *bytes;
    size_t len;
    int before, i;

    memset(&evidence, 7, sizeof evidence);
    for (i = 0; i < 2; i++) {
        OK(hs_import_bytes(space, T("health"), T(bundle), NULL, &report));
        hs_report_free(report);
        OK(hs_erase_everything(space, T("health"), T("tap"), &evidence, &json));
        hs_buffer_free(json);
        before = p->made;
        p->mood = i == 0 ? HONEST : CLINGS;
        OK(hs_erase_from_copies(space, SECRET, NULL, 0, store, T("tap"), &evidence, &code, &json));
        OK(hs_buffer_bytes(json, &bytes, &len));
        CHECK(contains(bytes, len, i == 0 ? "\"level\":\"E2-device\"" : "\"level\":null"));
        hs_buffer_free(code);
        hs_buffer_free(json);
        p->mood = HONEST;
        hs_space_free(space);
        space = opened(file, store);
        while (before-- > 0)
            CHECK(!p->there[before]);
        CHECK(keys(p) > 0);
    }
    OK(hs_rotate_keys(space, SECRET, NULL, 0, store, &code, &json));
    hs_buffer_free(code);
    hs_buffer_free(json);
    hs_space_free(space);
}

int main(int argc, char **argv)
{
    const how odd[] = {BEYOND, ENDLESS, NAMELESS, SHORT};
    char file[4096];
    phone mine, other;
    hs_keystore *store, *wrong;
    hs_space *space = NULL;
    hs_buffer *code = NULL;
    const uint8_t *bytes;
    size_t len, i;
    int32_t said;

    CHECK(argc == 2 && strlen(argv[1]) < sizeof file - 16);
    strcpy(file, argv[1]);
    strcat(file, ".keystore");
    remove(file);
    memset(&mine, 0, sizeof mine);
    memset(&other, 0, sizeof other);
    refused(&mine);
    store = store_of(&mine), wrong = store_of(&other);

    for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        mine.mood = odd[i];
        said = hs_create_with_keystore(T(file), SECRET, store, 0, &space, &code);
        CHECK(said == (odd[i] == NAMELESS ? HS_ERROR_NOT_FOUND : HS_ERROR_KEY_STORE));
    }
    mine.mood = FAILS;
    CHECK(hs_create_with_keystore(T(file), SECRET, store, 0, &space, &code) == HS_ERROR_IO);
    mine.mood = HONEST;
    CHECK(hs_create_with_keystore(T(file), SECRET, NULL, 0, &space, &code) == HS_ERROR_MALFORMED);
    CHECK(space == NULL && code == NULL);
    memset(&mine, 0, sizeof mine);

    OK(hs_create_with_keystore(T(file), SECRET, store, 1, &space, &code));
    hs_space_free(space);
    OK(hs_buffer_bytes(code, &bytes, &len));
    CHECK(hs_open_recovery(T(file), bytes, len, &space) == HS_ERROR_CANNOT_OPEN);
    OK(hs_open_recovery_with_keystore(T(file), bytes, len, store, &space));
    hs_space_free(space);
    hs_buffer_free(code);
    CHECK(hs_open(T(file), SECRET, &space) == HS_ERROR_CANNOT_OPEN);
    CHECK(hs_open_with_keystore(T(file), SECRET, wrong, &space) == HS_ERROR_CANNOT_OPEN);
    CHECK(hs_open_with_keystore(T(file), T("two"), store, &space) == HS_ERROR_CANNOT_OPEN);
    mine.mood = FAILS;
    CHECK(hs_open_with_keystore(T(file), SECRET, store, &space) == HS_ERROR_IO);
    mine.mood = HONEST;
    destroys(file, &mine, store);

    CHECK(mine.released == 0 && other.released == 0);
    hs_keystore_free(store);
    hs_keystore_free(wrong);
    CHECK(mine.released == 1 && other.released == 1);
    remove(file);
    return 0;
}
