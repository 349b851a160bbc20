/* A space of which something is damaged: made, then looked at after the test has damaged its file. Valid C99 and C++17. */
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

static const uint8_t secret[] = {'o', 'n', 'e', 0, 0xff};
static hs_hash evidence;
static hs_buffer *json;

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

static hs_space *open_damaged(const char *path)
{
    hs_space *space = NULL;

    CHECK(hs_open(T(path), secret, sizeof secret, &space) == HS_ERROR_CORRUPT);
    CHECK(space == NULL);
    OK(hs_open_damaged(T(path), secret, sizeof secret, NULL, 0, NULL, 0, NULL, &space));
    return space;
}

static hs_session *session_of(hs_space *space)
{
    hs_session *session = NULL;

    OK(hs_session_new(space, T("model"), T("eu-llm"), T("PATRQT"), &session));
    return session;
}

static void make(const char *path, const char *code_file)
{
    hs_space *space = NULL, *again = NULL;
    hs_buffer *code = NULL, *notice = NULL;
    hs_report *report = NULL;
    hs_consent_request *request = NULL;
    hs_session *session;
    hs_context *context = NULL;
    hs_id id;
    const uint8_t *bytes;
    size_t len;
    uint64_t unread = 9;
    FILE *f;

    OK(hs_create(T(path), secret, sizeof secret, &space, &code));
    OK(hs_buffer_bytes(code, &bytes, &len));
    CHECK((f = fopen(code_file, "wb")) != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    hs_buffer_free(code);
    OK(hs_import_bytes(space, T("health"), T(BUNDLE), NULL, &report));
    hs_report_free(report);
    OK(hs_consent_request_new(space, T("PATRQT"), T("model"), T("eu-llm"), &request));
    OK(hs_consent_request_category(request, T("laboratory")));
    OK(hs_notice(request, T("en"), &notice));
    hs_buffer_free(notice);
    OK(hs_grant(request, T("tap"), &evidence, &id));
    hs_consent_request_free(request);
    session = session_of(space);
    OK(hs_remember_in(session, T("general"), T("likes tea"), &id));
    OK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context));
    OK(hs_context_unread(context, &unread));
    CHECK(unread == 0);
    hs_context_free(context);
    hs_session_free(session);
    /* Where nothing is damaged it opens all the same, and says so. */
    OK(hs_open_damaged(T(path), secret, sizeof secret, NULL, 0, NULL, 0, NULL, &again));
    OK(hs_damaged_partitions(again, &json));
    CHECK(says("[]", 1));
    OK(hs_readable_memories(again, T("general"), &json, &unread));
    CHECK(unread == 0 && says("\"text\":\"likes tea\"", 1));
    hs_space_free(again);
    hs_space_free(space);
}

/* A segment of the catalog, and a memory. */
static void parts(const char *path, const char *backup, const char *back)
{
    hs_space *space = open_damaged(path), *again = NULL;
    hs_session *session = session_of(space);
    hs_context *context = NULL;
    hs_report *report = NULL;
    hs_id id;
    const uint8_t *bytes;
    size_t len;
    uint64_t unread = 0;
    int32_t whole = 1;

    OK(hs_damaged_partitions(space, &json));
    CHECK(says("[\"health\"]", 1));
    OK(hs_check(space, &whole, &json));
    CHECK(whole == 0 && says("\"Segment\":1", 1));
    OK(hs_ground(session, T("What was my last LDL?"), 1500, 0, &context));
    OK(hs_context_unread(context, &unread));
    CHECK(unread == 1);
    OK(hs_context_text(context, &bytes, &len));
    CHECK(contains(bytes, len, "damaged"));
    hs_context_free(context);
    hs_session_free(session);
    CHECK(hs_import_bytes(space, T("health"), T("{\"resourceType\":\"Patient\",\"id\":\"p\"}"), NULL, &report) == HS_ERROR_CORRUPT);
    CHECK(hs_claims(space, &json) == HS_ERROR_CORRUPT);
    CHECK(hs_memories(space, T("general"), &json) == HS_ERROR_CORRUPT);
    OK(hs_readable_memories(space, T("general"), &json, &unread));
    CHECK(unread == 1 && says("[]", 1));

    OK(hs_backup_told(space, T(backup), &id, &unread, &json));
    CHECK(unread > 4096 && says("[]", 1));
    CHECK(hs_restore(T(backup), T(back), secret, sizeof secret, NULL, 0, NULL, T("tap"), &evidence, &again, &json) == HS_ERROR_CORRUPT);
    OK(hs_restore_damaged(T(backup), T(back), secret, sizeof secret, NULL, 0, NULL, 0, NULL, T("tap"), &evidence, &again, &json));
    CHECK(says("\"emptied\":[]", 1));
    hs_space_free(again);
    hs_space_free(space);
}

/* The head of a partition. */
static void partition(const char *path, const char *backup, const char *back, const char *code_file)
{
    hs_space *space = open_damaged(path), *again = NULL;
    uint8_t code[64];
    size_t len;
    hs_id id;
    uint64_t bytes, unread;
    hs_buffer *fresh = NULL;
    FILE *f;

    CHECK((f = fopen(code_file, "rb")) != NULL && (len = fread(code, 1, sizeof code, f)) > 0 && fclose(f) == 0);
    CHECK(hs_open_damaged(T(path), secret, sizeof secret, code, len, NULL, 0, NULL, &again) == HS_ERROR_MALFORMED);
    OK(hs_open_damaged(T(path), NULL, 0, code, len, NULL, 0, NULL, &again));
    hs_space_free(again);
    again = NULL;
    OK(hs_damaged_partitions(space, &json));
    CHECK(says("\"general\"", 1));
    CHECK(hs_readable_memories(space, T("general"), &json, &unread) == HS_ERROR_NO_SUCH_PARTITION);
    OK(hs_backup(space, T(backup), &id, &bytes));
    /* What it lacks may have been erased there: a later state is whole, or none. */
    CHECK(hs_restore_damaged(T(backup), T(back), NULL, 0, code, len, NULL, 0, space, T("tap"), &evidence, &again, &json) == HS_ERROR_CORRUPT);
    OK(hs_restore_damaged(T(backup), T(back), NULL, 0, code, len, NULL, 0, NULL, T("tap"), &evidence, &again, &json));
    CHECK(says("\"emptied\":[\"general\"]", 1));
    OK(hs_readable_memories(again, T("general"), &json, &unread));
    CHECK(unread == 0 && says("[]", 1));
    hs_space_free(again);
    CHECK(hs_rotate_keys(space, secret, sizeof secret, NULL, 0, NULL, &fresh, &json) == HS_ERROR_CORRUPT);
    OK(hs_rotate_keys_damaged(space, secret, sizeof secret, NULL, 0, NULL, &fresh, &json));
    CHECK(says("\"emptied\":[\"general\"]", 1));
    hs_buffer_free(fresh);
    OK(hs_damaged_partitions(space, &json));
    CHECK(says("[]", 1));
    hs_space_free(space);
    OK(hs_open(T(path), secret, sizeof secret, &space));
    hs_space_free(space);
}

/* The heads of all partitions: no segment is left by which the test could tell them apart. */
static void lost(const char *path)
{
    hs_space *space = NULL;
    uint64_t waiting = 0;
    hs_buffer *list = NULL;

    CHECK(hs_recover(T(path), secret, sizeof secret, NULL, 0, T("tap"), &evidence, &space, &waiting) == HS_ERROR_CORRUPT);
    CHECK(hs_recover_damaged(T(path), secret, sizeof secret, T("not both"), NULL, 0, NULL, T("tap"), &evidence, &space, &list) == HS_ERROR_MALFORMED);
    OK(hs_recover_damaged(T(path), secret, sizeof secret, NULL, 0, NULL, 0, NULL, T("tap"), &evidence, &space, &json));
    CHECK(says("\"health\"", 0) && says("\"general\"", 1));
    hs_space_free(space);
}

/* A page of the logs. */
static void page(const char *path, const char *backup, const char *back)
{
    hs_space *space = NULL, *again = NULL;
    hs_id id;
    uint64_t bytes;

    OK(hs_open(T(path), secret, sizeof secret, &space));
    OK(hs_backup_told(space, T(backup), &id, &bytes, &json));
    CHECK(says("\"entered\":\"nowhere\"", 1));
    OK(hs_restore_damaged(T(backup), T(back), secret, sizeof secret, NULL, 0, NULL, 0, NULL, T("tap"), &evidence, &again, &json));
    CHECK(says("\"broken_logs\":3", 1));
    hs_space_free(again);
    hs_space_free(space);
}

int main(int argc, char **argv)
{
    char backup[4096], back[4096], code[4096];

    CHECK(argc == 3 && strlen(argv[1]) < sizeof backup - 16);
    memset(&evidence, 7, sizeof evidence);
    strcpy(backup, argv[1]), strcat(backup, ".hsb");
    strcpy(back, argv[1]), strcat(back, ".back");
    strcpy(code, argv[1]), strcat(code, ".code");
    remove(backup);
    remove(back);
    if (strcmp(argv[2], "make") == 0)
        make(argv[1], code);
    else if (strcmp(argv[2], "parts") == 0)
        parts(argv[1], backup, back);
    else if (strcmp(argv[2], "lost") == 0)
        lost(argv[1]);
    else if (strcmp(argv[2], "page") == 0)
        page(argv[1], backup, back);
    else
        partition(argv[1], backup, back, code);
    return 0;
}
