/* parts.c - divides a text in memory among threads. */
#include "dataset/text/parts.h"
#include "base/allocate.h"
#include "base/pool.h"
#include "dataset/text/records.h"

#include <string.h>

enum { MOST_PARTS = 256 };

/* ---------------------------------------------------------------- runs */

struct run {
    struct annc_parts *parts;
    annc_status (*work)(void *context, int i);
    void *context;
};

static void run_part(void *context, int i)
{
    const struct run *run = context;
    struct annc_part *part = &run->parts->part[i];
    part->status = run->work(run->context, i);
    if (part->status != ANNC_OK)
        annc_error_keep(&part->error); /* of this thread */
}

annc_status annc_parts_run(struct annc_parts *parts, annc_status (*work)(void *context, int i), void *context)
{
    struct run run = {parts, work, context};
    annc_pool_run(parts->pool, parts->count, run_part, &run);
    for (int i = 0; i < parts->count; i++)
        if (parts->part[i].status != ANNC_OK)
            return annc_fail_again(parts->part[i].status, &parts->part[i].error);
    return ANNC_OK;
}

/* ---------------------------------------------------------------- division */

/* Returns the number of line ends in a text, of which none is cut: LF, CR LF, CR. */
static size_t count_line_ends(const char *text, size_t size)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    for (const char *at = text, *end = text + size; (at = memchr(at, '\r', (size_t)(end - at))) != NULL; at++)
        lines += at + 1 == end || at[1] != '\n';
    return lines;
}

/* A text whose parts are examined. */
struct examination {
    const struct annc_records *records;
    struct annc_part *part;
};

static annc_status examine_part(void *context, int i)
{
    const struct examination *examination = context;
    const struct annc_records *records = examination->records;
    struct annc_part *part = &examination->part[i];
    const char *text = records->text + part->begin;
    const size_t size = part->end - part->begin;
    for (const char *quote = records->quotes; *quote; quote++)
        part->has_quotes = part->has_quotes || memchr(text, *quote, size);
    part->lines = part->has_quotes ? 0 : count_line_ends(text, size);
    return ANNC_OK;
}

/* Places the borders between the parts at the first line ends behind equal shares. Parts at the end
 * may be empty. */
static void place(const struct annc_records *records, struct annc_parts *parts)
{
    const size_t share = (records->size - records->at) / (size_t)parts->count;
    size_t begin = records->at;
    for (int i = 0; i < parts->count; i++) {
        const size_t wanted = records->at + (size_t)(i + 1) * share;
        size_t end = records->size;
        if (i + 1 < parts->count && wanted <= begin)
            end = begin;
        else if (i + 1 < parts->count)
            annc_records_line(records, wanted, &end);
        parts->part[i].begin = begin;
        parts->part[i].end = begin = end;
    }
}

/* Returns into how many parts a text may be divided, 0 if into none. */
static int most_parts(const struct annc_records *records)
{
    const struct annc_intake *intake = &records->intake;
    const size_t parts = intake->part > 0 ? (records->size - records->at) / intake->part : 0;
    if (!records->ended || records->mapping.base || records->expand || records->omitted)
        return 0;
    const size_t most = parts < MOST_PARTS ? parts : MOST_PARTS;
    return intake->threads < 2 || most < 2 ? 0 : (size_t)intake->threads < most ? intake->threads : (int)most;
}

annc_status annc_parts_open(const struct annc_records *records, struct annc_parts *parts)
{
    annc_status status = ANNC_OK;
    struct examination examination = {.records = records};
    bool has_quotes = false;
    memset(parts, 0, sizeof *parts);
    const int count = most_parts(records);
    if (count == 0 || annc_pool_open(count, &parts->pool) != ANNC_OK) /* without threads, one reads all */
        return ANNC_OK;
    ANNC_TRY(annc_allocate((size_t)count, sizeof *parts->part, "the parts of a text", (void **)&parts->part));
    parts->count = count;
    place(records, parts);
    examination.part = parts->part;
    ANNC_TRY(annc_parts_run(parts, examine_part, &examination));
    for (int i = 0; i < count; i++) {
        parts->part[i].line = i == 0 ? records->next_line : parts->part[i - 1].line + parts->part[i - 1].lines;
        has_quotes = has_quotes || parts->part[i].has_quotes;
    }
out:
    if (status != ANNC_OK || has_quotes)
        annc_parts_close(parts);
    return status;
}

void annc_parts_close(struct annc_parts *parts)
{
    annc_pool_close(parts->pool);
    annc_release(parts->part);
    memset(parts, 0, sizeof *parts);
}

void annc_part_records(const struct annc_records *records, const struct annc_part *part, struct annc_records *own)
{
    *own = (struct annc_records){.stream = records->stream,
                                 .intake = records->intake,
                                 .runs = records->runs,
                                 .text = records->text,
                                 .size = part->end,
                                 .begin = part->begin,
                                 .at = part->begin,
                                 .ended = true,
                                 .separator = records->separator,
                                 .quotes = records->quotes,
                                 .comment = records->comment,
                                 .has_backslashes = records->has_backslashes,
                                 .first_line = part->line,
                                 .next_line = part->line};
}

void annc_part_records_close(struct annc_records *own)
{
    own->text = NULL;
    annc_records_close(own);
}
