#include "csv.h"
#include "allocate.h"
#include "classes.h"
#include "columns.h"
#include "status.h"
#include "text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 80 };

/* What one reading has open. */
struct reading {
    struct annc_records records;
    struct annc_columns columns;
    const annc_text_options *options;
    struct annc_table *table;
    struct annc_label_reader labels;
    bool label_is_text;
    uint32_t dropped; /* rows, for missing values */
};

/* ---------------------------------------------------------------- room */

/* The names of a role's columns, `count` of them, in the order of their places. */
static annc_status take_names(const struct annc_columns *columns, enum annc_role role, uint32_t count,
                              struct annc_texts *names)
{
    annc_status status = ANNC_OK;
    const char **name = NULL;
    ANNC_TRY(annc_allocate(count, sizeof *name, "names", (void **)&name));
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == role)
            name[columns->column[c].place] = columns->column[c].name;
    for (uint32_t place = 0; place < count; place++)
        ANNC_TRY(annc_texts_add(names, name[place], strlen(name[place])));
out:
    annc_release(name);
    return status;
}

static annc_status make_room(struct reading *reading)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    const struct annc_columns *columns = &reading->columns;
    table->type = ANNC_FLOATS;
    table->columns = columns->count;
    table->has_header = columns->has_header;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        table->inputs += column->role == ANNC_ROLE_INPUT;
        table->outputs += column->role == ANNC_ROLE_TARGET;
        if (column->role == ANNC_ROLE_LABEL) {
            table->label_at = table->inputs; /* among inputs and label, in the order of the file */
            snprintf(table->label_name, sizeof table->label_name, "%s", column->name);
            reading->label_is_text = column->texts > 0;
        }
        if (column->role == ANNC_ROLE_TARGET && table->outputs == 1)
            table->label_at = table->inputs;
    }
    if (table->inputs > ANNC_MAX_WIDTH)
        return annc_stream_malformed(reading->records.stream, "has %u inputs; at most %d can be used", table->inputs,
                                     ANNC_MAX_WIDTH);
    ANNC_TRY(annc_allocate(annc_product(columns->rows, table->inputs), sizeof(float), "the examples", &table->x));
    ANNC_TRY(annc_allocate(columns->rows, sizeof *table->lines, "line numbers", (void **)&table->lines));
    if (table->outputs > 0)
        ANNC_TRY(annc_allocate(annc_product(columns->rows, table->outputs), sizeof(float), "the targets",
                               (void **)&table->targets));
    ANNC_TRY(take_names(columns, ANNC_ROLE_INPUT, table->inputs, &table->input_names));
    ANNC_TRY(take_names(columns, ANNC_ROLE_TARGET, table->outputs, &table->target_names));
out:
    return status;
}

/* ---------------------------------------------------------------- a row */

/* A cell as a float; NaN where it is missing. */
static annc_status read_number(const struct reading *reading, uint32_t c, float *value)
{
    const struct annc_columns *columns = &reading->columns;
    const struct annc_field *field = &reading->records.field[c];
    double number = 0;
    char shown[SHOWN];
    const enum annc_cell cell = annc_cell_read(field, columns->decimal, columns->thousands, &number);
    if (cell == ANNC_CELL_MISSING) {
        *value = NAN;
        return ANNC_OK;
    }
    if (cell == ANNC_CELL_TEXT || cell == ANNC_CELL_THOUSANDS) /* which the first look has ruled out */
        return annc_stream_malformed(reading->records.stream, "line %zu, column '%s': %.*s is no number",
                                     reading->records.line,
                                     annc_printable(columns->column[c].name, shown, sizeof shown),
                                     field->length < 40 ? (int)field->length : 40, field->text);
    if (fabs(number) > (double)FLT_MAX)
        return annc_stream_malformed(reading->records.stream, "line %zu, column '%s': %.*s is beyond single precision",
                                     reading->records.line,
                                     annc_printable(columns->column[c].name, shown, sizeof shown),
                                     field->length < 40 ? (int)field->length : 40, field->text);
    *value = (float)number;
    return ANNC_OK;
}

static annc_status read_label(struct reading *reading, uint32_t c)
{
    annc_status status = ANNC_OK;
    char *copy = NULL;
    ANNC_TRY(annc_field_copy(&reading->records.field[c], &copy));
    ANNC_TRY(annc_labels_add(&reading->labels, copy, strlen(copy)));
out:
    annc_release(copy);
    return status;
}

/* Whether the row's label is there. A text column's classes may be called NA or None. */
static bool label_is_missing(const struct reading *reading, uint32_t c)
{
    const struct annc_field *field = &reading->records.field[c];
    double number;
    if (reading->label_is_text)
        return field->length == 0 || (field->length == 1 && field->text[0] == '?');
    return annc_cell_read(field, reading->columns.decimal, reading->columns.thousands, &number) == ANNC_CELL_MISSING;
}

/* Reads the record into row table->rows; *complete is false where something is missing. */
static annc_status read_row(struct reading *reading, bool *complete, uint32_t *label_column)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    const struct annc_columns *columns = &reading->columns;
    float *x = (float *)table->x + (size_t)table->rows * table->inputs, value;
    *complete = true;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        switch (column->role) {
        case ANNC_ROLE_INPUT:
            ANNC_TRY(read_number(reading, c, &x[column->place]));
            *complete = *complete && !isnan(x[column->place]);
            break;
        case ANNC_ROLE_TARGET:
            ANNC_TRY(read_number(reading, c, &value));
            table->targets[(size_t)table->rows * table->outputs + column->place] = value;
            *complete = *complete && !isnan(value);
            break;
        case ANNC_ROLE_LABEL:
            *label_column = c;
            break;
        case ANNC_ROLE_LEFT_OUT:
            break;
        }
    }
out:
    return status;
}

static bool target_is_missing(const struct annc_table *table)
{
    for (uint32_t j = 0; j < table->outputs; j++)
        if (isnan(table->targets[(size_t)table->rows * table->outputs + j]))
            return true;
    return false;
}

/* Takes the record, or leaves it out for what it misses. */
static annc_status take_row(struct reading *reading)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    uint32_t label = UINT32_MAX;
    char shown[SHOWN];
    bool complete;
    ANNC_TRY(read_row(reading, &complete, &label));
    const bool unlabelled = label != UINT32_MAX && label_is_missing(reading, label);
    if (reading->options->missing == ANNC_MISSING_DROP && (!complete || unlabelled)) {
        reading->dropped++;
        return ANNC_OK;
    }
    if (unlabelled || target_is_missing(table))
        return annc_stream_malformed(
            reading->records.stream, "line %zu, column '%s': what is to be learnt is missing; use --missing drop",
            reading->records.line,
            annc_printable(label == UINT32_MAX ? table->target_names.text[0] : reading->columns.column[label].name,
                           shown, sizeof shown));
    if (label != UINT32_MAX)
        ANNC_TRY(read_label(reading, label));
    table->lines[table->rows++] = (uint32_t)(reading->records.line < UINT32_MAX ? reading->records.line : UINT32_MAX);
out:
    return status;
}

static annc_status read_rows(struct reading *reading)
{
    annc_status status = ANNC_OK;
    bool more;
    if (reading->columns.has_header)
        ANNC_TRY(annc_records_next(&reading->records, &more));
    for (;;) {
        ANNC_TRY(annc_records_next(&reading->records, &more));
        if (!more)
            break;
        ANNC_TRY(take_row(reading));
    }
out:
    return status;
}

annc_status annc_csv_read(const char *path, const annc_text_options *options, const struct annc_table *like,
                          bool need_label, struct annc_table *table, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct reading reading = {.options = options, .table = table};
    memset(table, 0, sizeof *table);
    annc_printable(path, table->name, sizeof table->name);
    ANNC_TRY(annc_records_open(path, options->skip, &reading.records));
    ANNC_TRY(annc_columns_find(&reading.records, options, like, need_label, &reading.columns, notes, size));
    ANNC_TRY(make_room(&reading));
    ANNC_TRY(read_rows(&reading));
    if (reading.dropped > 0)
        annc_note(notes, size, "%u rows with missing values are left out", reading.dropped);
    if (table->rows == 0)
        ANNC_TRY(annc_stream_malformed(reading.records.stream, "has no row without missing values"));
out:
    annc_labels_end(&reading.labels, &table->labels);
    annc_records_close(&reading.records);
    annc_columns_free(&reading.columns);
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
