/* dates.c - which inputs of a model are dates. */
#include "dataset/dates/dates.h"
#include "base/allocate.h"
#include "base/json/json_read.h"
#include "base/status.h"

#include <string.h>

annc_status annc_dates_add(bool **dates, uint32_t inputs, uint32_t input)
{
    annc_status status = ANNC_OK;
    if (!*dates)
        ANNC_TRY(annc_allocate(inputs, sizeof **dates, "the dates", (void **)dates));
    (*dates)[input] = true;
out:
    return status;
}

annc_status annc_dates_copy(const bool *from, uint32_t inputs, bool **to)
{
    annc_status status = ANNC_OK;
    if (!from)
        return ANNC_OK;
    ANNC_TRY(annc_allocate(inputs, sizeof **to, "the dates", (void **)to));
    memcpy(*to, from, inputs * sizeof **to);
out:
    return status;
}

annc_status annc_dates_parse(const char *text, uint32_t inputs, bool **dates)
{
    annc_status status = ANNC_OK;
    struct annc_json_reader json = {text, strlen(text), 0, NULL};
    bool first = true, is_good = true;
    uint64_t least = 0, input = 0;
    *dates = NULL;
    annc_json_take(&json, '[');
    while (is_good && annc_json_next(&json, ']', &first)) {
        is_good = annc_json_read_whole(&json, &input) && input >= least && input < inputs;
        least = input + 1;
        if (is_good)
            ANNC_TRY(annc_dates_add(dates, inputs, (uint32_t)input));
    }
    if (!is_good || json.error || json.at != json.size || !*dates)
        status = annc_fail(ANNC_INPUT, "the model's annc.dates is malformed");
out:
    if (status != ANNC_OK) {
        annc_release(*dates);
        *dates = NULL;
    }
    return status;
}

void annc_dates_format(const bool *dates, uint32_t inputs, struct annc_json_writer *json)
{
    annc_json_write_open(json, NULL, '[');
    for (uint32_t j = 0; j < inputs; j++)
        if (annc_is_date(dates, j))
            annc_json_write_whole(json, NULL, j);
    annc_json_write_close(json, ']');
}
