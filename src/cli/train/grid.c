/* grid.c - the grid of a sweep: options and their values at each point. */
#include "cli/train/grid.h"
#include "cli/options/option_table.h"
#include "cli/options/option_types.h"
#include "cli/options/options.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/usage.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- parsing */

static annc_status find_option(const char *name, size_t length, enum option_id *id)
{
    char text[80];
    snprintf(text, sizeof text, "%.*s", length < sizeof text ? (int)length : (int)sizeof text - 1, name);
    for (int i = 0; i < OPTION_COUNT; i++)
        if (strcmp(OPTIONS[i].name, text) == 0) {
            *id = (enum option_id)i;
            if (OPTIONS[i].commands & VARIES)
                return ANNC_OK;
            return annc_fail(ANNC_USAGE, "--grid: --%s must be the same for all networks of a sweep%s", text,
                             i == OPTION_SEED ? "; --seeds N tries several" : "");
        }
    const char *meant = closest(text, option_name, VARIES);
    return annc_fail(ANNC_USAGE, "--grid: unknown option '%.64s'%s%s%s", text, meant && *meant ? "; did you mean " : "",
                     meant && *meant ? meant : "", meant && *meant ? "?" : "");
}

/* Parses "0.1..10" for a numeric option. */
static annc_status take_range(struct axis *axis, const char *text, bool *is_range)
{
    const struct option_spec *spec = &OPTIONS[axis->id];
    const char *dots = strstr(text, "..");
    struct option_value low, high;
    char first[POINT_TEXT];
    *is_range = dots && !strchr(text, ',') && spec->kind != CHOICE && spec->kind != TEXT;
    if (!*is_range)
        return ANNC_OK;
    snprintf(first, sizeof first, "%.*s", dots - text < POINT_TEXT ? (int)(dots - text) : POINT_TEXT - 1, text);
    ANNC_RETURN_IF_FAILED(option_parse(spec, first, &low));
    ANNC_RETURN_IF_FAILED(option_parse(spec, dots + 2, &high));
    axis->low = spec->kind == WHOLE ? (double)low.whole : low.number;
    axis->high = spec->kind == WHOLE ? (double)high.whole : high.number;
    if (axis->low > axis->high)
        return annc_fail(ANNC_USAGE, "--grid: '%.64s' is an empty range", text);
    axis->is_range = true;
    return ANNC_OK;
}

static annc_status take_values(struct axis *axis, const char *text)
{
    struct option_value value;
    axis->count = 1;
    for (const char *c = text; *c; c++)
        axis->count += *c == ',';
    axis->text = take_copy(text, "the values of --grid");
    axis->values = take_memory(axis->count, sizeof *axis->values, "the values of --grid");
    char *rest = axis->text;
    for (uint32_t i = 0; i < axis->count; i++) {
        axis->values[i] = strsep(&rest, ",");
        if (strlen(axis->values[i]) >= POINT_TEXT)
            return annc_fail(ANNC_USAGE, "--grid: '%.64s...' is too long", axis->values[i]);
        ANNC_RETURN_IF_FAILED(option_parse(&OPTIONS[axis->id], axis->values[i], &value));
    }
    return ANNC_OK;
}

static annc_status take_axis(const char *text, bool random, struct grid *grid)
{
    struct axis *axis = &grid->axis[grid->axes];
    const char *equals = strchr(text, '=');
    bool is_range = false;
    if (!equals)
        return annc_fail(ANNC_USAGE, "--grid takes NAME=VALUE,VALUE,..., like lr=0.5,1,3; not '%.64s'", text);
    annc_status status = ANNC_OK;
    ANNC_TRY(find_option(text, (size_t)(equals - text), &axis->id));
    for (int a = 0; a < grid->axes; a++)
        if (grid->axis[a].id == axis->id)
            ANNC_TRY(annc_fail(ANNC_USAGE, "--grid: --%s is varied twice", OPTIONS[axis->id].name));
    ANNC_TRY(take_range(axis, equals + 1, &is_range));
    if (is_range && !random)
        ANNC_TRY(annc_fail(ANNC_USAGE, "--grid: a range like '%.64s' needs --random N", equals + 1));
    if (!is_range)
        ANNC_TRY(take_values(axis, equals + 1));
out:
    grid->axes++; /* freed with the others, even if incomplete */
    return status;
}

annc_status grid_open(const struct options *options, struct grid *grid)
{
    const struct option_value *random = &options->value[OPTION_RANDOM];
    uint64_t points = 1;
    memset(grid, 0, sizeof *grid);
    grid->random = random->given;
    grid->seed = options->value[OPTION_SEED].whole;
    for (int i = 0; i < options->repeated_count; i++) {
        ANNC_RETURN_IF_FAILED(take_axis(options->repeated[i], grid->random, grid));
        points *= grid->axis[i].is_range ? 1 : grid->axis[i].count;
        if (points > MOST_POINTS)
            return annc_fail(ANNC_USAGE, "--grid: more than %d networks; try some of them with --random N",
                             MOST_POINTS);
    }
    if (grid->random && grid->axes == 0)
        return annc_fail(ANNC_USAGE, "--random needs --grid to draw from, like --grid lr=0.1..10");
    grid->points = (uint32_t)(grid->random ? random->whole : points);
    return ANNC_OK;
}

void grid_close(struct grid *grid)
{
    for (int a = 0; a < grid->axes; a++) {
        free(grid->axis[a].text);
        free(grid->axis[a].values);
    }
}

/* ---------------------------------------------------------------- points */

/* Returns a number within [0, 1) for an axis of a point: SplitMix64 (Steele, Lea and Flood
 * 2014). */
static double draw(const struct grid *grid, uint32_t point, int a)
{
    uint64_t z = grid->seed + 0x9E3779B97F4A7C15u * ((uint64_t)point * MOST_AXES + (uint64_t)a + 1);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (double)((z ^ z >> 31) >> 11) / 9007199254740992.0;
}

void grid_value(const struct grid *grid, uint32_t point, int a, char text[POINT_TEXT])
{
    const struct axis *axis = &grid->axis[a];
    uint32_t stride = 1;
    if (axis->is_range) { /* log-uniform for positive ranges */
        const double u = draw(grid, point, a);
        const double value =
            axis->low > 0 ? axis->low * pow(axis->high / axis->low, u) : axis->low + u * (axis->high - axis->low);
        snprintf(text, POINT_TEXT, OPTIONS[axis->id].kind == WHOLE ? "%.0f" : "%.4g", value);
        return;
    }
    for (int other = a + 1; other < grid->axes; other++)
        stride *= grid->axis[other].count;
    const uint32_t i = grid->random ? (uint32_t)(draw(grid, point, a) * axis->count) : point / stride % axis->count;
    snprintf(text, POINT_TEXT, "%s", axis->values[i]);
}
