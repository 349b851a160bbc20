/* The story: create, import, notice, grant, ground, withdraw, refused, close; memories, lists,
 * evidence, a grant for one time. Valid C99 and C++17. */
#include "check.h"

static const char BUNDLE[] =
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
    "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p\",\"gender\":\"female\",\"birthDate\":\"1970-03-04\"}},"
    "{\"resource\":{\"resourceType\":\"Observation\",\"id\":\"a\",\"status\":\"final\","
    "\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/observation-category\","
    "\"code\":\"laboratory\"}]}],"
    "\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"18262-6\"}],\"text\":\"LDL cholesterol\"},"
    "\"subject\":{\"reference\":\"Patient/p\"},\"effectiveDateTime\":\"2026-01-05\","
    "\"valueQuantity\":{\"value\":131.5,\"unit\":\"mg/dL\",\"system\":\"http://unitsofmeasure.org\","
    "\"code\":\"mg/dL\"}}}]}";

static int32_t count(void *ctx, uint64_t done, uint64_t total, uint64_t records)
{
    (void)done, (void)total, (void)records;
    ++*(int *)ctx;
    return 0;
}

static int32_t stop(void *ctx, uint64_t done, uint64_t total, uint64_t records)
{
    (void)ctx, (void)done, (void)total, (void)records;
    return 1;
}

/* What is refused and repaired is named with its place. */
static void issues(hs_space *space)
{
    static const char lines[] = "{\"word\":\"Nothing\"}\n"
        "{\"resourceType\":\"Observation\",\"id\":\"b\",\"status\":\"final\",\"code\":{\"text\":\"LDL\"},"
        "\"effectiveDateTime\":\"2020-13-01\"}\n";
    hs_report *report = NULL;
    const uint8_t *code, *name;
    size_t count, code_len, name_len;
    uint32_t member;
    uint64_t offset;
    int32_t refused = -1;

    OK(hs_import_bytes(space, T("health"), T(lines), NULL, &report));
    OK(hs_report_issue_count(report, &count));
    CHECK(count == 2);
    OK(hs_report_issue(report, 0, &refused, &code, &code_len, &member, &name, &name_len, &offset));
    CHECK(refused == 1 && contains(code, code_len, "not-a-resource") && member == 0 && name_len == 0 && offset == 0);
    OK(hs_report_issue(report, 1, &refused, &code, &code_len, &member, &name, &name_len, &offset));
    CHECK(refused == 0 && contains(code, code_len, "bad-date") && offset >= 19);
    CHECK(hs_report_issue(report, 2, &refused, &code, &code_len, &member, &name, &name_len, &offset) ==
        HS_ERROR_NOT_FOUND);
    hs_report_free(report);
}

static void import(hs_space *space)
{
    hs_import_options *options = NULL;
    hs_report *report = NULL;
    uint64_t imported, linked, refused, repaired, facts;
    size_t types, name_len, i, seen = 0;
    const uint8_t *name;
    int32_t already = -1;
    int ticks = 0;

    OK(hs_import_options_new(&options));
    OK(hs_import_options_on_progress(options, stop, NULL));
    CHECK(hs_import_bytes(space, T("health"), T(BUNDLE), options, &report) == HS_ERROR_CANCELLED);
    CHECK(report == NULL);
    CHECK(strcmp(hs_last_error_name(), "Cancelled") == 0);
    /* Cancelling one import does not cancel the next. */
    OK(hs_import_options_on_progress(options, count, &ticks));
    OK(hs_import_bytes(space, T("health"), T(BUNDLE), options, &report));
    CHECK(ticks > 0);
    OK(hs_report_counts(report, &imported, &linked, &refused, &repaired, &facts));
    CHECK(imported == 2 && linked == 0 && refused == 0 && facts >= 1);
    OK(hs_report_type_count(report, &types));
    CHECK(types == 2);
    for (i = 0; i < types; i++) {
        OK(hs_report_type(report, i, &name, &name_len, &imported, &linked, &refused));
        seen += contains(name, name_len, "Observation") && imported == 1;
    }
    CHECK(seen == 1);
    CHECK(hs_report_type(report, types, &name, &name_len, &imported, &linked, &refused) == HS_ERROR_NOT_FOUND);
    hs_report_free(report);
    issues(space);
    OK(hs_import_bytes(space, T("health"), T(BUNDLE), NULL, &report));
    OK(hs_report_already_imported(report, &already));
    CHECK(already == 1);
    hs_report_free(report);
    hs_import_options_free(options);

    report = NULL;
    CHECK(hs_import_bytes(space, T("nowhere"), T(BUNDLE), NULL, &report) == HS_ERROR_NO_SUCH_PARTITION);
    CHECK(hs_import_bytes(space, T("health"), T("secret words"), NULL, &report) == HS_ERROR_MALFORMED);
    CHECK(strstr(hs_last_error_text(), "secret") == NULL);
    CHECK(hs_import_file(space, T("health"), T("/no/such/file"), NULL, &report) == HS_ERROR_IO);
    CHECK(strstr(hs_last_error_text(), "such") == NULL);
    CHECK(report == NULL);
}

static hs_id grant(hs_space *space)
{
    hs_consent_request *request = NULL;
    hs_buffer *notice = NULL;
    const uint8_t *bytes;
    size_t len;
    hs_hash evidence;
    hs_id id;

    memset(&evidence, 7, sizeof evidence);
    OK(hs_consent_request_new(space, T("PATRQT"), T("model"), T("eu-llm"), &request));
    /* Nothing is asked for yet. */
    CHECK(hs_notice(request, T("en"), &notice) == HS_ERROR_MALFORMED);
    CHECK(hs_consent_request_category(request, T("no such category")) == HS_ERROR_MALFORMED);
    OK(hs_consent_request_category(request, T("laboratory")));
    OK(hs_consent_request_expires_in_days(request, 90));
    OK(hs_notice(request, T("fr"), &notice));
    OK(hs_buffer_bytes(notice, &bytes, &len));
    CHECK(contains(bytes, len, "eu-llm"));
    hs_buffer_free(notice);
    OK(hs_grant(request, T("tap"), &evidence, &id));
    /* A second tap is no second consent. */
    CHECK(hs_grant(request, T("tap"), &evidence, &id) == HS_ERROR_MALFORMED);
    hs_consent_request_free(request);
    return id;
}

static void ground(hs_session *session)
{
    hs_context *context = NULL;
    const hs_citation *citation = NULL;
    const uint8_t *bytes;
    size_t len, citations;
    uint64_t entry, offset, span;
    uint32_t number, member;
    int32_t no_training = 0;
    hs_hash source;
    hs_id record;

    OK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context));
    OK(hs_context_text(context, &bytes, &len));
    CHECK(contains(bytes, len, "131.5"));
    CHECK(contains(bytes, len, "[r:1]"));
    OK(hs_context_release(context, &entry, &no_training));
    CHECK(no_training == 1);
    OK(hs_context_citation_count(context, &citations));
    CHECK(citations >= 1);
    OK(hs_context_citation(context, 0, &citation));
    CHECK(hs_context_citation(context, citations, &citation) == HS_ERROR_NOT_FOUND);
    OK(hs_citation_record(citation, &number, &record));
    CHECK(number == 1);
    OK(hs_citation_source(citation, &source, &member, &offset, &span));
    /* The citation points at the very bytes. */
    CHECK(offset + span <= strlen(BUNDLE));
    CHECK(contains((const uint8_t *)BUNDLE + offset, (size_t)span, "131.5"));
    /* Of no wearable. */
    uint32_t sample = 7;
    CHECK(hs_citation_sample(citation, &sample) == HS_ERROR_NOT_FOUND);
    hs_context_free(context);
}

static void nulls(hs_space *space)
{
    hs_space *out = NULL;
    hs_buffer *code = NULL;
    hs_session *session = NULL;
    hs_context *context = NULL;

    CHECK(hs_open(NULL, 3, T("x"), &out) == HS_ERROR_MALFORMED);
    CHECK(hs_open(T("x"), NULL, 1, &out) == HS_ERROR_MALFORMED);
    CHECK(hs_open(T("x"), T("x"), NULL) == HS_ERROR_MALFORMED);
    /* No file is made when there is no place for the recovery code. */
    CHECK(hs_create(T("never-made.hs"), T("x"), &out, NULL) == HS_ERROR_MALFORMED);
    CHECK(fopen("never-made.hs", "rb") == NULL);
    CHECK(hs_close(NULL) == HS_ERROR_MALFORMED);
    CHECK(hs_withdraw(space, NULL) == HS_ERROR_MALFORMED);
    OK(hs_session_new_within(space, T("diary"), T("model"), T("eu-llm"), T("PATRQT"), &session));
    CHECK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context) == HS_ERROR_DENIED);
    hs_session_free(session);
    session = NULL;
    CHECK(hs_session_new(NULL, T("model"), T("m"), T("PATRQT"), &session) == HS_ERROR_MALFORMED);
    CHECK(hs_session_new(space, T("robot"), T("m"), T("PATRQT"), &session) == HS_ERROR_MALFORMED);
    CHECK(hs_session_new(space, T("model"), T("m"), T("NOSUCH"), &session) == HS_ERROR_MALFORMED);
    CHECK(out == NULL && code == NULL && session == NULL);
    hs_buffer_free(NULL);
    hs_space_free(NULL);
    hs_session_free(NULL);
    hs_report_free(NULL);
    hs_context_free(NULL);
    hs_consent_request_free(NULL);
    hs_renewal_free(NULL);
    hs_import_options_free(NULL);
}

static hs_buffer *json;

/* Whether the JSON that the last call handed out says this; frees it where it is looked at last. */
static int says(const char *words, int last)
{
    const uint8_t *bytes;
    size_t len;
    int found;

    OK(hs_buffer_bytes(json, &bytes, &len));
    found = contains(bytes, len, words);
    if (last)
        hs_buffer_free(json);
    return found;
}

static void memories(hs_space *space, const hs_id *memory)
{
    hs_hash evidence;
    hs_id edited;

    memset(&evidence, 7, sizeof evidence);
    OK(hs_memories(space, T("health"), &json));
    CHECK(says("\"text\":\"LDL was high\"", 0) && says("\"endorsed\":false", 0));
    CHECK(says("\"author\":\"assistant\"", 0) && says("\"quarantine\":null", 1));
    OK(hs_memory_endorse(space, T("health"), memory, T("tap"), &evidence));
    OK(hs_memory_edit(space, T("health"), memory, T("LDL was fine"), T("tap"), &evidence, &edited));
    OK(hs_memories(space, T("health"), &json));
    CHECK(says("\"text\":\"LDL was fine\"", 0) && says("\"endorsed\":true", 1));
    CHECK(hs_memory_keep(space, T("health"), &edited, T("tap"), &evidence) == HS_ERROR_NOT_FOUND);
    OK(hs_memory_delete(space, T("health"), &edited, T("tap"), &evidence));
    CHECK(hs_memory_delete(space, T("health"), &edited, T("tap"), &evidence) == HS_ERROR_NOT_FOUND);
    OK(hs_memories(space, T("health"), &json));
    CHECK(says("[]", 1));
    CHECK(hs_memories(space, T("health"), NULL) == HS_ERROR_MALFORMED);
}

static void conversations(hs_space *space)
{
    hs_session *talk;
    hs_context *said;
    hs_hash evidence;
    hs_id id;

    memset(&evidence, 7, sizeof evidence);
    OK(hs_session_new(space, T("model"), T("eu-llm"), T("PATRQT"), &talk));
    OK(hs_ground(talk, T("What was my last LDL?"), 1500, 0, &said));
    hs_context_free(said);
    OK(hs_session_conversation(talk, &id));
    OK(hs_conversation_delete(space, &id, T("tap"), &evidence, &json));
    CHECK(says("\"memories\":[]", 0) && says("\"turns\":0", 1));
    CHECK(hs_ground(talk, T("What was my last LDL?"), 1500, 0, &said) == HS_ERROR_NOT_FOUND);
    hs_session_free(talk);
    CHECK(hs_session_resume(space, &id, T("model"), T("eu-llm"), T("PATRQT"), &talk) == HS_ERROR_NOT_FOUND);
    CHECK(hs_conversation_delete(space, &id, T("tap"), &evidence, &json) == HS_ERROR_NOT_FOUND);
}

static void told(hs_space *space, const hs_id *withdrawn)
{
    hs_buffer *file = NULL, *keys = NULL;
    const uint8_t *bytes, *lines;
    size_t len, lines_len;
    hs_hash evidence;
    int32_t whole = 0;

    memset(&evidence, 7, sizeof evidence);
    OK(hs_grants(space, &json));
    CHECK(says("\"standing\":\"withdrawn\"", 0) && says("\"name\":\"eu-llm\"", 0) && says("\"uses_left\":null", 1));
    OK(hs_permissions(space, &json));
    CHECK(says("[]", 1));
    OK(hs_claims(space, &json));
    CHECK(says("\"level\":\"verifiable\"", 0) && says("that it has no faults", 1));
    OK(hs_withdrawal_notices(space, &json));
    CHECK(says("\"state\":\"open\"", 0) && says("\"releases\":2", 0));
    CHECK(says("\"kind\":\"model\"", 1));
    CHECK(hs_recipient_notified(space, withdrawn, T("model"), T("us-llm"), T("mail"), &evidence) == HS_ERROR_NOT_FOUND);
    CHECK(hs_recipient_notified(space, withdrawn, T("app"), T("eu-llm"), T("mail"), &evidence) == HS_ERROR_NOT_FOUND);
    OK(hs_recipient_notified(space, withdrawn, T("model"), T("eu-llm"), T("mail"), &evidence));
    OK(hs_recipient_acknowledged(space, withdrawn, T("model"), T("eu-llm"), T("mail"), &evidence));
    OK(hs_withdrawal_notices(space, &json));
    CHECK(says("\"state\":\"acknowledged\"", 1));
    OK(hs_disclosure_log(space, T("en"), &json));
    CHECK(says("eu-llm", 1));
    OK(hs_check(space, &whole, &json));
    CHECK(whole == 1 && says("\"partition\":null", 0) && says("\"damaged\":{}", 1));

    OK(hs_evidence(space, T("health"), T("model"), T("eu-llm"), 1, &file));
    OK(hs_verifier_keys(space, &keys));
    OK(hs_buffer_bytes(keys, &lines, &lines_len));
    OK(hs_buffer_bytes(file, &bytes, &len));
    OK(hs_verify_evidence(bytes, len, lines, lines_len, T("en"), &json));
    CHECK(says("\"level\":\"verifiable\"", 0) && !says("partition's own log", 1));
    hs_buffer_free(file);
    OK(hs_evidence(space, T("health"), T("model"), T("eu-llm"), 0, &file));
    OK(hs_buffer_bytes(file, &bytes, &len));
    OK(hs_verify_evidence(bytes, len, lines, lines_len, T("en"), &json));
    CHECK(says("\"level\":\"verifiable\"", 0) && says("eu-llm", 1));
    CHECK(hs_verify_evidence(bytes, len - 1, lines, lines_len, T("en"), &json) != 0);
    CHECK(hs_verify_evidence(bytes, len, NULL, 0, T("en"), &json) != 0);
    hs_buffer_free(file);
    hs_buffer_free(keys);
}

/* A backup is restored, and nothing is permitted until the person says so again. */
static void backed_up(hs_space *space, const char *path, const hs_id *grant)
{
    const uint8_t secret[] = {'o', 'n', 'e', 0, 0xff};
    char place[4096], back[4096];
    hs_space *again = NULL;
    hs_session *session = NULL;
    hs_context *context = NULL;
    hs_hash evidence;
    hs_id backup;
    uint64_t bytes = 0, waiting = 0, heads = 9;
    int32_t slots = 9;

    CHECK(strlen(path) < sizeof place - 16);
    strcpy(place, path);
    strcat(place, ".hsb");
    strcpy(back, path);
    strcat(back, ".back");
    remove(place);
    remove(back);
    memset(&evidence, 7, sizeof evidence);
    OK(hs_backup(space, T(place), &backup, &bytes));
    CHECK(bytes > 0);
    CHECK(hs_backup(space, T(place), &backup, &bytes) == HS_ERROR_ALREADY_EXISTS);
    OK(hs_known_copies(space, &json));
    CHECK(says("\"erasures_since\":0", 1));
    CHECK(hs_open(T(place), secret, sizeof secret, &again) == HS_ERROR_NOT_A_SPACE);
    OK(hs_restore(T(place), T(back), secret, sizeof secret, NULL, 0, space, T("tap"), &evidence, &again, &json));
    CHECK(says("\"erasures\":\"replayed\"", 1));
    OK(hs_session_new(again, T("model"), T("eu-llm"), T("PATRQT"), &session));
    CHECK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context) == HS_ERROR_DENIED);
    OK(hs_confirm_permission(again, grant, T("tap"), &evidence));
    CHECK(hs_confirm_permission(again, grant, T("tap"), &evidence) == HS_ERROR_NOT_FOUND);
    OK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context));
    hs_context_free(context);
    hs_session_free(session);
    OK(hs_repair(again, &heads, &slots));
    CHECK(heads == 0 && slots == 0);
    hs_space_free(again);
    OK(hs_recover(T(back), secret, sizeof secret, NULL, 0, T("tap"), &evidence, &again, &waiting));
    CHECK(waiting == 1);
    OK(hs_confirm_all_permissions(again, T("tap"), &evidence, &waiting));
    CHECK(waiting == 1);
    hs_space_free(again);
    remove(place);
    remove(back);
}

/* What is erased is gone, also from an older copy of the file; and what a loss concerns. */
static void erased(const char *path)
{
    const uint8_t secret[] = {'o', 'n', 'e', 0, 0xff};
    const char *file = "{\"resourceType\":\"Observation\",\"id\":\"1\",\"status\":\"final\",\"code\":{\"text\":\"LDL\"},"
                       "\"effectiveDateTime\":\"2026-01-05\"}";
    const uint8_t *bytes;
    size_t len;
    char place[4096], keys[4096];
    hs_space *space = NULL;
    hs_buffer *code = NULL;
    hs_keystore *store = NULL;
    hs_report *report = NULL;
    hs_hash evidence;
    hs_id id;
    int32_t swept = 9;

    CHECK(strlen(path) < sizeof place - 16);
    strcpy(place, path);
    strcat(place, ".gone");
    strcpy(keys, path);
    strcat(keys, ".keys");
    remove(place);
    memset(&evidence, 7, sizeof evidence);
    memset(&id, 0, sizeof id);
    OK(hs_keystore_software(T(keys), &store));
    OK(hs_create_with_keystore(T(place), secret, sizeof secret, store, 0, &space, &code));
    OK(hs_buffer_bytes(code, &bytes, &len));
    OK(hs_confirm_recovery_code(space, bytes, len, store));
    CHECK(hs_confirm_recovery_code(space, T("0000"), store) != 0);
    hs_buffer_free(code);
    OK(hs_ways_in(space, &json));
    CHECK(says("\"confirmed\":true", 1));
    OK(hs_import_bytes(space, T("health"), T(file), NULL, &report));
    hs_report_free(report);
    CHECK(hs_erase_records(space, T("health"), &id, 1, T("tap"), &evidence, &json) == HS_ERROR_NOT_FOUND);
    CHECK(hs_erase_source(space, T("health"), &evidence, T("tap"), &evidence, &json) == HS_ERROR_NOT_FOUND);
    CHECK(hs_erase_consent(space, T("health"), &id, T("tap"), &evidence, &json) == HS_ERROR_NOT_FOUND);
    CHECK(hs_erase_period(space, T("health"), 5, 5, T("tap"), &evidence, &json) == HS_ERROR_MALFORMED);
    /* January 2026. */
    OK(hs_erase_period(space, T("health"), 1767225600000, 1769904000000, T("tap"), &evidence, &json));
    CHECK(says("\"level\":\"E1\"", 1));
    CHECK(hs_erase_everything(space, T("general"), T("tap"), &evidence, &json) == HS_ERROR_NOT_FOUND);
    /* The erasure's entry is the log's third: made, imported, erased. */
    OK(hs_sweep(space, T("health"), 2, &swept));
    CHECK(swept == 1);
    OK(hs_verify_erasure(space, T("health"), 2, NULL, 0, NULL, NULL, 0, NULL, 0, NULL, 0, NULL, &json));
    CHECK(says("\"claimed\":\"E1\"", 1));
    OK(hs_rotate_keys(space, secret, sizeof secret, NULL, 0, store, &code, &json));
    hs_buffer_free(code);
    CHECK(says("\"removed\":[\"recovery_code\"]", 1));
    CHECK(hs_erase_from_copies(space, secret, sizeof secret, NULL, 0, NULL, T("tap"), &evidence, &code, &json) ==
          HS_ERROR_LEVEL_UNAVAILABLE);
    OK(hs_erase_from_copies(space, secret, sizeof secret, NULL, 0, store, T("tap"), &evidence, &code, &json));
    hs_buffer_free(code);
    CHECK(says("\"level\":\"E2r\"", 1));
    OK(hs_erasure_certificate(space, T("health"), 2, T("en"), &json));
    CHECK(says("\"level\": \"E2r\"", 1));
    OK(hs_breach_scope(space, T("device"), NULL, NULL, 0, 0, 0, &json));
    CHECK(says("\"clear\":false", 1));
    CHECK(hs_breach_scope(space, T("backup"), &id, NULL, 0, 0, 0, &json) == HS_ERROR_NOT_FOUND);
    CHECK(hs_breach_scope(space, T("way_in"), &id, NULL, 0, 0, 0, &json) == HS_ERROR_NOT_FOUND);
    OK(hs_breach_scope(space, T("entries"), NULL, T("health"), 0, 2, &json));
    CHECK(says("\"recipients\":[]", 1));
    CHECK(hs_breach_scope(space, T("letter"), NULL, NULL, 0, 0, 0, &json) == HS_ERROR_MALFORMED);
    OK(hs_ways_in(space, &json));
    CHECK(says("passphrase_and_device", 1));
    hs_space_free(space);
    OK(hs_open_with_keystore(T(place), secret, sizeof secret, store, &space));
    hs_keystore_free(store);
    hs_space_free(space);
    remove(place);
}

/* A grant for one time, used up and renewed: such need an anchor. */
static void counted(const char *path)
{
    const uint8_t secret[] = {'o', 'n', 'e', 0, 0xff};
    char place[4096], anchor[4096];
    hs_space *space = NULL, *again = NULL;
    hs_buffer *code = NULL, *notice = NULL;
    hs_consent_request *request = NULL;
    hs_renewal *renewal = NULL;
    hs_report *report = NULL;
    hs_session *session = NULL;
    hs_context *context = NULL;
    hs_hash evidence;
    hs_id id;

    CHECK(strlen(path) < sizeof place - 16);
    strcpy(place, path);
    strcat(place, ".once");
    strcpy(anchor, place);
    strcat(anchor, ".anchor");
    remove(place);
    remove(anchor);
    memset(&evidence, 7, sizeof evidence);
    OK(hs_create_anchored(T(place), secret, sizeof secret, T(anchor), &space, &code));
    hs_buffer_free(code);
    CHECK(hs_open(T(place), secret, sizeof secret, &again) == HS_ERROR_ANCHOR_MISSING);
    OK(hs_open_anchored(T(place), secret, sizeof secret, T(anchor), &again));
    hs_space_free(again);
    OK(hs_import_bytes(space, T("health"), T(BUNDLE), NULL, &report));
    hs_report_free(report);
    OK(hs_consent_request_new(space, T("PATRQT"), T("model"), T("eu-llm"), &request));
    OK(hs_consent_request_all_categories(request));
    OK(hs_consent_request_expires_in_days(request, 7));
    OK(hs_consent_request_uses(request, 1));
    CHECK(hs_grant(request, T("tap"), &evidence, &id) == HS_ERROR_MALFORMED);
    OK(hs_notice(request, T("en"), &notice));
    hs_buffer_free(notice);
    OK(hs_grant(request, T("tap"), &evidence, &id));
    hs_consent_request_free(request);
    OK(hs_session_new(space, T("model"), T("eu-llm"), T("PATRQT"), &session));
    OK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context));
    hs_context_free(context);
    CHECK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context) == HS_ERROR_DENIED);
    OK(hs_grants(space, &json));
    CHECK(says("\"standing\":\"used-up\"", 1));

    OK(hs_renewal_new(space, &id, 30, 1, &renewal));
    OK(hs_renewal_notice(renewal, T("fr"), &notice));
    hs_buffer_free(notice);
    OK(hs_renew(renewal, T("tap"), &evidence));
    hs_renewal_free(renewal);
    OK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context));
    hs_context_free(context);
    OK(hs_permissions(space, &json));
    CHECK(says("[]", 1));
    hs_session_free(session);
    hs_space_free(space);
}

int main(int argc, char **argv)
{
    const uint8_t secret[] = {'o', 'n', 'e', 0, 0xff};
    const uint8_t *bytes;
    const uint8_t *names[1];
    size_t lens[1], len;
    hs_space *space = NULL, *again = NULL;
    hs_session *session = NULL, *resumed = NULL;
    hs_buffer *code = NULL;
    hs_context *context = NULL;
    hs_id id, conversation, memory;

    CHECK(argc == 2);
    CHECK(hs_abi_version() == HS_ABI_VERSION);
    CHECK(strlen(hs_version()) > 0);
    CHECK(strcmp(hs_error_name(HS_ERROR_DENIED), "Denied") == 0);
    CHECK(strcmp(hs_last_error_name(), "OK") == 0);

    OK(hs_create(T(argv[1]), secret, sizeof secret, &space, &code));
    OK(hs_buffer_bytes(code, &bytes, &len));
    CHECK(len == 42);
    CHECK(hs_create(T(argv[1]), secret, sizeof secret, &again, &code) == HS_ERROR_ALREADY_EXISTS);
    CHECK(hs_open(T(argv[1]), T("two"), &again) == HS_ERROR_CANNOT_OPEN);
    CHECK(strstr(hs_last_error_text(), argv[1]) == NULL);
    OK(hs_open_recovery(T(argv[1]), bytes, len, &again));
    hs_space_free(again);
    hs_buffer_free(code);

    nulls(space);
    import(space);
    OK(hs_session_new(space, T("model"), T("eu-llm"), T("PATRQT"), &session));
    CHECK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context) == HS_ERROR_DENIED);
    id = grant(space);
    ground(session);
    backed_up(space, argv[1], &id);

    /* What was read from health does not go to general. */
    CHECK(hs_remember_in(session, T("general"), T("LDL was high"), &memory) == HS_ERROR_FLOW_DENIED);
    OK(hs_remember_in(session, T("health"), T("LDL was high"), &memory));
    OK(hs_session_conversation(session, &conversation));
    OK(hs_session_resume(space, &conversation, T("model"), T("eu-llm"), T("PATRQT"), &resumed));
    CHECK(hs_remember_in(resumed, T("general"), T("LDL was high"), &memory) == HS_ERROR_FLOW_DENIED);
    hs_session_free(resumed);
    memories(space, &memory);
    conversations(space);

    /* A handle for one partition can withdraw, and everybody sees it. */
    names[0] = (const uint8_t *)"health", lens[0] = 6;
    OK(hs_open_partitions(T(argv[1]), secret, sizeof secret, names, lens, 1, &again));
    OK(hs_withdraw(again, &id));
    hs_space_free(again);
    CHECK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context) == HS_ERROR_DENIED);
    CHECK(strcmp(hs_last_error_name(), "Denied") == 0);
    CHECK(context == NULL);
    told(space, &id);
    counted(argv[1]);
    erased(argv[1]);

    OK(hs_close(space));
    CHECK(hs_withdraw(space, &id) == HS_ERROR_LOCKED);
    CHECK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context) == HS_ERROR_LOCKED);
    hs_space_free(space);
    hs_session_free(session);
    return 0;
}
