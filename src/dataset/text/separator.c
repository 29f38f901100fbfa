/* separator.c - detects the field separator of a text file. */
#include "dataset/text/separator.h"
#include "base/allocate.h"
#include "base/status.h"
#include "dataset/text/records.h"

#include <string.h>

enum { LOOKED_AT = 1000, MOST_COUNTED = 1 << 12 };

/* Counts the first records with the most frequent number of fields above 1, and returns that
 * number. */
static annc_status try_separator(struct annc_records *records, uint32_t *counts, uint32_t *score, size_t *count)
{
    annc_status status = ANNC_OK;
    bool more = true;
    memset(counts, 0, MOST_COUNTED * sizeof *counts);
    *score = 0;
    *count = 1;
    annc_records_rewind(records);
    for (int i = 0; i < LOOKED_AT; i++) {
        status = annc_records_next(records, &more);
        if (status == ANNC_INPUT) { /* invalid quotes with this separator */
            status = ANNC_OK;
            break;
        }
        ANNC_TRY(status);
        if (!more)
            break;
        const size_t fields = records->count < MOST_COUNTED ? records->count : MOST_COUNTED - 1;
        if (fields > 1 && ++counts[fields] > *score) {
            *score = counts[fields];
            *count = records->count;
        }
    }
out:
    annc_records_rewind(records);
    return status;
}

annc_status annc_records_find_separator(struct annc_records *records, size_t *count)
{
    static const char candidates[] = {'\t', ';', '|', ',', ' '};
    annc_status status = ANNC_OK;
    uint32_t *counts = NULL, best = 0;
    char separator = ' ';
    *count = 1;
    ANNC_TRY(annc_allocate(MOST_COUNTED, sizeof *counts, "a table's look", (void **)&counts));
    for (size_t i = 0; i < sizeof candidates; i++) {
        uint32_t score;
        size_t fields;
        records->separator = candidates[i];
        ANNC_TRY(try_separator(records, counts, &score, &fields));
        if (score > best) {
            best = score;
            separator = candidates[i];
            *count = fields;
        }
    }
    records->separator = separator;
out:
    annc_release(counts);
    return status;
}
