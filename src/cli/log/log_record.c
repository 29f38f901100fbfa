/* log_record.c - keeps one line of a log, with its members by key. */
#include "cli/log/log_record.h"
#include "base/json/json_read.h"
#include "base/status.h"
#include "cli/terminal/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Makes entries of the members of an object; skips nested ones except "options". */
static annc_status take_entries(char *text, struct log_entry **entries, size_t *count, char **options)
{
    struct annc_json_members members;
    struct annc_json_member member;
    size_t room = 0;
    annc_json_open(&members, text);
    while (annc_json_next_member(&members, &member)) {
        if (member.kind == ANNC_JSON_NESTED && options && strcmp(member.key, "options") == 0)
            *options = member.text;
        if (member.kind == ANNC_JSON_NESTED)
            continue;
        *entries = take_more(*entries, *count + 1, &room, sizeof **entries, "a log");
        (*entries)[(*count)++] = (struct log_entry){member.key, member.text};
    }
    return members.json.error ? ANNC_INPUT : ANNC_OK;
}

annc_status record_take(const char *line, struct log_record *record)
{
    char *options = NULL;
    record_free(record);
    record->line = take_copy(line, "a log");
    ANNC_RETURN_IF_FAILED(take_entries(record->line, &record->entries, &record->count, &options));
    if (options && *options == '{')
        ANNC_RETURN_IF_FAILED(take_entries(options, &record->options, &record->option_count, NULL));
    return ANNC_OK;
}

void record_free(struct log_record *record)
{
    free(record->entries);
    free(record->options);
    free(record->line);
    memset(record, 0, sizeof *record);
}

static const char *find(const struct log_entry *entries, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].key, key) == 0)
            return entries[i].text;
    return NULL;
}

const char *record_text(const struct log_record *record, const char *key)
{
    return find(record->entries, record->count, key);
}

double record_number(const struct log_record *record, const char *key)
{
    char *end;
    const char *text = record_text(record, key);
    const double number = text ? strtod(text, &end) : NAN;
    return text && end != text && *end == '\0' && isfinite(number) ? number : NAN;
}

const char *record_option(const struct log_record *record, const char *name)
{
    return find(record->options, record->option_count, name);
}
