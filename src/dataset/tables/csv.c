/* csv.c - reads text tables (CSV). */
#include "dataset/tables/csv.h"
#include "base/allocate.h"
#include "base/checksum.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/dates/calendar.h"
#include "dataset/tables/bad_cells.h"
#include "dataset/tables/column.h"
#include "dataset/tables/column_parts.h"
#include "dataset/tables/columns.h"
#include "dataset/tables/kinds.h"
#include "dataset/tables/label_sets.h"
#include "dataset/tables/roles.h"
#include "dataset/tables/table.h"
#include "dataset/text/cells.h"
#include "dataset/text/parts.h"
#include "dataset/text/preamble.h"
#include "dataset/text/records.h"
#include "formats/stream.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 80 };

/* The state of reading a text table. */
struct annc_csv {
    struct annc_inputs_in_text inputs; /* of the table, if they stay in the text; first member */
    struct annc_records records;
    struct annc_columns columns;
    annc_text_options options;
    struct annc_table *table; /* the table to fill */
    struct annc_table *row;   /* has room for the inputs of the next row, as row `rows`: the table, or `one` */
    struct annc_table one;    /* of inputs that stay in the text: has those of the last row */
    size_t *place;            /* of each row in the text, if its inputs stay there; or NULL */
    struct annc_label_reader labels;
    bool label_is_text;
    uint64_t dropped;    /* rows, for missing values */
    uint64_t weightless; /* rows, for a weight of 0 */
    uint64_t taken;      /* rows, with these */
    uint32_t room;       /* rows of the table */
    uint32_t row_room;   /* rows of `row` */
};

/* ---------------------------------------------------------------- allocation */

/* Lists the names of the targets in the order of their places. */
static annc_status name_targets(const struct annc_columns *columns, uint32_t count, struct annc_texts *names)
{
    annc_status status = ANNC_OK;
    const char **name = NULL;
    ANNC_TRY(annc_allocate(count, sizeof *name, "names", (void **)&name));
    for (uint32_t c = 0; c < columns->count; c++)
        if (columns->column[c].role == ANNC_ROLE_TARGET)
            name[columns->column[c].place] = columns->column[c].name;
    for (uint32_t place = 0; place < count; place++)
        ANNC_TRY(annc_texts_add(names, name[place], strlen(name[place])));
out:
    annc_release(name);
    return status;
}

/* Allocates the inputs of a number of rows, or, if they stay in the text, of one. */
static annc_status make_inputs(struct annc_csv *reading, uint32_t rows)
{
    annc_status status = ANNC_OK;
    const bool stays = reading->inputs.read;
    reading->row = stays ? &reading->one : reading->table;
    reading->row_room = stays ? 1 : rows;
    reading->one.type = reading->table->type;
    reading->one.inputs = reading->table->inputs;
    if (stays)
        ANNC_TRY(annc_allocate(rows, sizeof *reading->place, "the rows", (void **)&reading->place));
    ANNC_TRY(annc_allocate(annc_product(reading->row_room, reading->row->inputs), sizeof(float), "the examples",
                           &reading->row->x));
out:
    return status;
}

/* Allocates a number of rows. */
static annc_status make_room(struct annc_csv *reading, uint32_t rows)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    const struct annc_columns *columns = &reading->columns;
    uint32_t inputs = 0; /* columns of them */
    memset(table, 0, sizeof *table);
    reading->room = rows;
    annc_stream_name(reading->records.stream, table->name, sizeof table->name);
    table->type = ANNC_FLOATS;
    table->columns = columns->count;
    table->has_header = columns->has_header;
    table->inputs = columns->inputs;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        inputs += column->role == ANNC_ROLE_INPUT;
        table->outputs += column->role == ANNC_ROLE_TARGET;
        if (column->role == ANNC_ROLE_LABEL) {
            table->label_at = inputs; /* among inputs and label, in the order of the file */
            snprintf(table->label_name, sizeof table->label_name, "%s", column->name);
            reading->label_is_text = column->texts > 0;
        }
        if (column->role == ANNC_ROLE_TARGET && table->outputs == 1)
            table->label_at = inputs;
        if (column->role == ANNC_ROLE_WEIGHT) {
            snprintf(table->weight_name, sizeof table->weight_name, "%s", column->name);
            ANNC_TRY(annc_allocate(rows, sizeof *table->weights, "the weights", (void **)&table->weights));
        }
    }
    ANNC_TRY(make_inputs(reading, rows));
    if (reading->options.missing == ANNC_MISSING_DROP || table->weights)
        ANNC_TRY(annc_allocate(rows, sizeof *table->number, "row numbers", (void **)&table->number));
    ANNC_TRY(annc_allocate(rows, sizeof *table->lines, "line numbers", (void **)&table->lines));
    if (table->outputs > 0)
        ANNC_TRY(
            annc_allocate(annc_product(rows, table->outputs), sizeof(float), "the targets", (void **)&table->targets));
    ANNC_TRY(annc_columns_name_inputs(columns, &table->input_names));
    ANNC_TRY(annc_columns_list_dates(columns, &table->dates));
    ANNC_TRY(name_targets(columns, table->outputs, &table->target_names));
out:
    return status;
}

/* ---------------------------------------------------------------- rows */

/* Returns whether the record is the header once more. */
static bool is_header(const struct annc_csv *reading)
{
    const struct annc_columns *columns = &reading->columns;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_field *field = &reading->records.field[c];
        if (strlen(columns->column[c].name) != field->length ||
            memcmp(columns->column[c].name, field->text, field->length) != 0)
            return false;
    }
    return columns->has_header;
}

/* Returns the error for a cell that is not a number, or not a date, in a row beyond the beginning. */
static annc_status refuse_cell(const struct annc_csv *reading, uint32_t c, enum annc_cell cell)
{
    const struct annc_field *field = &reading->records.field[c];
    const size_t length = field->length < SHOWN ? field->length : SHOWN - 1;
    char column[SHOWN], text[SHOWN], shown[SHOWN], codes[SHOWN];
    const char *what =
        cell == ANNC_CELL_MISSING ? "the value is missing; use " ANNC_FIELD_MISSING " drop or " ANNC_FIELD_MISSING
                                    " mean"
        : reading->columns.column[c].is_date ? "is not a date as in 2024-03-31 or 2024-03-31T12:30:45+02:00"
        : cell == ANNC_CELL_NUMBER           ? "is too large for single precision"
        : cell == ANNC_CELL_TEXT             ? "is not a number"
                                 : "is not a number with the marks of the rows before; set " ANNC_FIELD_DECIMAL
                                   " or " ANNC_FIELD_THOUSANDS;
    if (is_header(reading))
        return annc_stream_malformed(reading->records.stream, "line %zu repeats the header; remove the line",
                                     reading->records.line);
    annc_printable(reading->columns.column[c].name, column, sizeof column);
    if (cell == ANNC_CELL_MISSING)
        return annc_stream_malformed(reading->records.stream, "line %zu, column '%s': %s", reading->records.line,
                                     column, what);
    memcpy(text, field->text, length);
    text[length] = '\0';
    return annc_stream_malformed(reading->records.stream, "line %zu, column '%s': '%.48s'%s %s", reading->records.line,
                                 column, annc_printable(text, shown, sizeof shown),
                                 annc_strange_characters(text, codes, sizeof codes), what);
}

/* Reads a cell as days since 1970-01-01; NaN if missing. */
static annc_status read_date(const struct annc_csv *reading, uint32_t c, double *value)
{
    const struct annc_field *field = &reading->records.field[c];
    const bool is_missing = annc_cell_is_missing(field);
    *value = NAN;
    if (is_missing ? reading->options.missing == ANNC_MISSING_ERROR
                   : !annc_date_read(field->text, field->length, value))
        return refuse_cell(reading, c, is_missing ? ANNC_CELL_MISSING : ANNC_CELL_TEXT);
    return ANNC_OK;
}

/* Reads a cell as a number that a float could be; NaN if missing. */
static inline annc_status read_number(const struct annc_csv *reading, uint32_t c, double *value)
{
    const struct annc_columns *columns = &reading->columns;
    const struct annc_field *field = &reading->records.field[c];
    double number = 0;
    if (field->is_number && columns->decimal == '.' &&
        fabs(field->number) <= (double)FLT_MAX) { /* most cells, quickly */
        *value = field->number;
        return ANNC_OK;
    }
    const enum annc_cell cell = annc_cell_read(field, columns->decimal, columns->thousands, &number);
    if (cell == ANNC_CELL_TEXT || cell == ANNC_CELL_THOUSANDS || fabs(number) > (double)FLT_MAX ||
        (cell == ANNC_CELL_MISSING && reading->options.missing == ANNC_MISSING_ERROR))
        return refuse_cell(reading, c, cell);
    *value = cell == ANNC_CELL_MISSING ? (double)NAN : number;
    return ANNC_OK;
}

static annc_status refuse_weight(const struct annc_csv *reading, uint32_t c, double value)
{
    char column[SHOWN];
    annc_printable(reading->columns.column[c].name, column, sizeof column);
    if (isnan(value))
        return annc_stream_malformed(reading->records.stream,
                                     "line %zu, column '%s': the weight is missing; use " ANNC_FIELD_MISSING " drop",
                                     reading->records.line, column);
    return annc_stream_malformed(reading->records.stream, "line %zu, column '%s': the weight %g is below 0",
                                 reading->records.line, column, value);
}

/* Keeps the text of a column's first cell without a level; NULL: it is missing. */
static annc_status show_unknown(const struct annc_field *field, struct annc_column *column)
{
    annc_status status = ANNC_OK;
    char *text = NULL;
    if (field)
        ANNC_TRY(annc_field_copy(field, &text));
    annc_printable(text ? text : "(missing)", column->text, sizeof column->text);
out:
    annc_release(text);
    return status;
}

/* Sets the inputs of a column of words to those of its cell. */
static annc_status read_level(struct annc_csv *reading, uint32_t c, float *x)
{
    annc_status status = ANNC_OK;
    struct annc_column *column = &reading->columns.column[c];
    const struct annc_field *field = &reading->records.field[c];
    struct annc_field plain = {.text = NULL};
    char *copy = NULL;
    bool is_known;
    if (!annc_cell_is_missing(field))
        ANNC_TRY(annc_field_unescape(field, &plain, &copy));
    const int input = annc_category_input(column->category, plain.text, plain.length, &is_known);
    memset(x, 0, column->category->inputs * sizeof *x);
    if (input != ANNC_NO_LEVEL)
        x[input] = 1;
    if (!is_known && column->unknown++ == 0) {
        column->unknown_line = reading->records.line;
        ANNC_TRY(show_unknown(plain.text ? field : NULL, column));
    }
out:
    annc_release(copy);
    return status;
}

static annc_status read_label(struct annc_csv *reading, uint32_t c)
{
    annc_status status = ANNC_OK;
    struct annc_field plain;
    char *copy = NULL;
    ANNC_TRY(annc_field_unescape(&reading->records.field[c], &plain, &copy));
    ANNC_TRY(annc_labels_add(&reading->labels, plain.text, plain.length));
out:
    annc_release(copy);
    return status;
}

/* Returns whether the row's label is missing. Classes of a text column may be called NA or None. */
static bool label_is_missing(const struct annc_csv *reading, uint32_t c)
{
    const struct annc_field *field = &reading->records.field[c];
    double number;
    if (reading->columns.label_separator) /* an empty list has no label */
        return field->length == 1 && field->text[0] == '?';
    if (reading->label_is_text)
        return field->length == 0 || (field->length == 1 && field->text[0] == '?');
    return annc_cell_read(field, reading->columns.decimal, reading->columns.thousands, &number) == ANNC_CELL_MISSING;
}

/* Reads the inputs of a column; *complete becomes false if the value is missing. */
static inline annc_status read_input(struct annc_csv *reading, uint32_t c, bool *complete)
{
    annc_status status = ANNC_OK;
    struct annc_table *row = reading->row;
    const struct annc_column *column = &reading->columns.column[c];
    double value = 0;
    if (column->category)
        return read_level(reading, c, (float *)row->x + (size_t)row->rows * row->inputs + column->place);
    ANNC_TRY(column->is_date ? read_date(reading, c, &value) : read_number(reading, c, &value));
    ANNC_TRY(annc_table_set_value(row, reading->row_room, row->rows, column->place, value));
    *complete = *complete && !isnan(value);
out:
    return status;
}

/* Reads the record into row table->rows; *complete is false if a value is missing. */
static annc_status read_row(struct annc_csv *reading, bool *complete, uint32_t *label_column)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    const struct annc_columns *columns = &reading->columns;
    double value = 0;
    *complete = true;
    for (uint32_t c = 0; c < columns->count; c++) {
        const struct annc_column *column = &columns->column[c];
        switch (column->role) {
        case ANNC_ROLE_INPUT:
            ANNC_TRY(read_input(reading, c, complete));
            break;
        case ANNC_ROLE_TARGET:
            ANNC_TRY(read_number(reading, c, &value));
            ANNC_TRY(annc_table_set_target(table, reading->room, table->rows, column->place, value));
            *complete = *complete && !isnan(value);
            break;
        case ANNC_ROLE_WEIGHT:
            ANNC_TRY(read_number(reading, c, &value));
            if (value < 0 || (isnan(value) && reading->options.missing != ANNC_MISSING_DROP))
                ANNC_TRY(refuse_weight(reading, c, value));
            table->weights[table->rows] = (float)value;
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

/* Notes where the row is whose inputs stay in the text, and what they are. */
static void note_inputs(struct annc_csv *reading, bool complete)
{
    struct annc_inputs_in_text *inputs = &reading->inputs;
    const struct annc_table *one = &reading->one;
    reading->place[reading->table->rows] = reading->records.place;
    inputs->miss = inputs->miss || !complete;
    inputs->hash = annc_hash(inputs->hash, one->x, one->inputs * sizeof(float));
    for (uint32_t j = 0; j < one->inputs && inputs->are_bytes; j++) {
        const double x = annc_table_value(one, 0, j);
        inputs->are_bytes = annc_could_be_byte(x);
        inputs->largest = fmax(inputs->largest, x);
    }
}

/* Adds the record, or drops it for its weight or missing values. */
static annc_status take_row(struct annc_csv *reading)
{
    annc_status status = ANNC_OK;
    struct annc_table *table = reading->table;
    uint32_t label = UINT32_MAX;
    char shown[SHOWN];
    bool complete;
    ANNC_TRY(read_row(reading, &complete, &label));
    reading->taken++;
    if (table->number)
        table->number[table->rows] = reading->taken;
    if (table->weights && table->weights[table->rows] == 0) {
        reading->weightless++;
        return ANNC_OK;
    }
    const bool unlabelled = label != UINT32_MAX && label_is_missing(reading, label);
    if (reading->options.missing == ANNC_MISSING_DROP && (!complete || unlabelled)) {
        reading->dropped++;
        return ANNC_OK;
    }
    if (unlabelled || target_is_missing(table))
        return annc_stream_malformed(
            reading->records.stream,
            "line %zu, column '%s': the label or target is missing; use " ANNC_FIELD_MISSING " drop",
            reading->records.line,
            annc_printable(label == UINT32_MAX ? table->target_names.text[0] : reading->columns.column[label].name,
                           shown, sizeof shown));
    if (label != UINT32_MAX)
        ANNC_TRY(read_label(reading, label));
    if (reading->place)
        note_inputs(reading, complete);
    table->lines[table->rows++] = (uint32_t)(reading->records.line < UINT32_MAX ? reading->records.line : UINT32_MAX);
out:
    return status;
}

/* Reads rows until the table has `most`; fewer at the end, and if a pipe pauses. */
static annc_status read_rows(struct annc_csv *reading, uint32_t most)
{
    annc_status status = ANNC_OK;
    struct annc_records *records = &reading->records;
    bool more;
    annc_records_wait(records, true);
    while (reading->table->rows < most) {
        ANNC_TRY(annc_records_next(records, &more));
        if (!more && (!records->paused || reading->table->rows > 0))
            break;
        if (!more) {
            annc_records_wait(records, true);
            continue;
        }
        ANNC_TRY(annc_columns_check(records, &reading->columns));
        ANNC_TRY(take_row(reading));
        if (reading->table->rows == 1)
            annc_records_wait(records, false);
    }
out:
    return status;
}

/* ---------------------------------------------------------------- rows in parts of the text */

/* The threads that read a part each: of the same table, and behind each other. */
struct part_readers {
    struct annc_csv *reading;    /* the whole */
    struct annc_csv *reader;     /* of each part */
    struct annc_table *table;    /* of each part: the arrays of the whole; `rows` is the next row there */
    struct annc_column *columns; /* of all parts: they count the cells without a level */
};

/* Opens the reader of a part, which begins with row `first`. */
static void open_part(const struct part_readers *readers, int i, uint32_t first)
{
    const struct annc_csv *reading = readers->reading;
    struct annc_csv *reader = &readers->reader[i];
    const uint32_t columns = reading->columns.count;
    *reader = (struct annc_csv){.columns = reading->columns,
                                .options = reading->options,
                                .table = &readers->table[i],
                                .row = &readers->table[i],
                                .label_is_text = reading->label_is_text,
                                .taken = first,
                                .room = reading->room,
                                .row_room = reading->row_room};
    readers->table[i] = *reading->table;
    readers->table[i].rows = first;
    reader->columns.column = readers->columns + (size_t)i * columns;
    memcpy(reader->columns.column, reading->columns.column, columns * sizeof *reader->columns.column);
    annc_part_records(&reading->records, &reading->columns.parts.part[i], &reader->records);
}

static annc_status read_part(void *context, int i)
{
    const struct part_readers *readers = context;
    struct annc_csv *reader = &readers->reader[i];
    return read_rows(reader, (uint32_t)reader->taken + readers->reading->columns.parts.part[i].rows);
}

/* Adds the rows of a part, which begins with row `first`, to those of the parts before. */
static annc_status add_part(struct annc_csv *reading, const struct annc_csv *part, uint32_t first)
{
    struct annc_table *table = reading->table;
    for (uint32_t row = first; row < part->table->rows; row++, table->rows++)
        if (row != table->rows) /* after rows that were dropped */
            annc_table_move_row(table, row, table->rows);
    reading->taken = part->taken;
    reading->dropped += part->dropped;
    reading->weightless += part->weightless;
    annc_columns_add_unknown(&reading->columns, &part->columns);
    return part->labels.rows > 0 ? annc_labels_append(&reading->labels, &part->labels) : ANNC_OK;
}

/* Reads all parts of the text, each by a thread of its own, and joins their rows. */
static annc_status read_parts(struct annc_csv *reading)
{
    annc_status status = ANNC_OK;
    struct annc_parts *parts = &reading->columns.parts;
    struct annc_table *table = reading->table;
    struct part_readers readers = {.reading = reading};
    const size_t count = (size_t)parts->count, columns = annc_product(count, reading->columns.count);
    ANNC_TRY(annc_allocate(count, sizeof *readers.reader, "the readers", (void **)&readers.reader));
    ANNC_TRY(annc_allocate(count, sizeof *readers.table, "the readers", (void **)&readers.table));
    ANNC_TRY(annc_allocate(columns, sizeof *readers.columns, "the columns", (void **)&readers.columns));
    ANNC_TRY(annc_remainders_share(&table->remainders, table->inputs));
    ANNC_TRY(annc_remainders_share(&table->target_remainders, table->outputs));
    uint32_t first = (uint32_t)reading->taken;
    for (int i = 0; i < parts->count; first += parts->part[i++].rows)
        open_part(&readers, i, first);
    ANNC_TRY(annc_parts_run(parts, read_part, &readers));
    annc_remainders_settle(&table->remainders);
    annc_remainders_settle(&table->target_remainders);
    first = (uint32_t)reading->taken;
    for (int i = 0; i < parts->count; first += parts->part[i++].rows)
        ANNC_TRY(add_part(reading, &readers.reader[i], first));
out:
    for (int i = 0; readers.columns && i < parts->count; i++) {
        annc_labels_drop(&readers.reader[i].labels);
        annc_part_records_close(&readers.reader[i].records);
    }
    annc_release(readers.reader);
    annc_release(readers.table);
    annc_release(readers.columns);
    return status;
}

/* Reads the rows of a text that is divided into parts. */
static annc_status read_divided(struct annc_csv *reading)
{
    annc_status status = ANNC_OK;
    struct annc_records *records = &reading->records;
    bool more;
    if (records->at < reading->columns.parts.part[0].begin) { /* the first record is a row */
        ANNC_TRY(annc_records_next(records, &more));
        ANNC_TRY(annc_columns_check(records, &reading->columns));
        ANNC_TRY(take_row(reading));
    }
    ANNC_TRY(read_parts(reading));
out:
    return status;
}

/* ---------------------------------------------------------------- tables in pieces */

static void note_skipped(const struct annc_records *records, char *notes, size_t size)
{
    char name[SHOWN];
    annc_stream_name(records->stream, name, sizeof name);
    annc_note(notes, size, "%s: %zu leading line%s %s skipped; the last is '%s'", name, records->first_line - 1,
              annc_plural((uint32_t)(records->first_line - 1)), records->first_line == 2 ? "is" : "are",
              records->skipped);
}

annc_status annc_csv_open(struct annc_stream *stream, const annc_text_options *options,
                          const struct annc_intake *intake, const struct annc_table *like, bool need_label,
                          struct annc_csv **result, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    struct annc_csv *reading = NULL;
    bool more;
    *result = NULL;
    ANNC_TRY(annc_allocate(1, sizeof *reading, "a table", (void **)&reading));
    reading->options = *options;
    ANNC_TRY(annc_records_open(stream, options->skip, intake, &reading->records));
    if (options->skip > 0)
        note_skipped(&reading->records, notes, size);
    ANNC_TRY(annc_preamble_read(&reading->records, options, notes, size));
    ANNC_TRY(annc_columns_find(&reading->records, options, like, need_label, &reading->columns, notes, size));
    annc_records_flow(&reading->records);
    if (reading->columns.has_header && reading->records.name_count == 0)
        ANNC_TRY(annc_records_next(&reading->records, &more));
    *result = reading;
    reading = NULL;
out:
    annc_csv_close(reading);
    return status;
}

void annc_csv_close(struct annc_csv *reading)
{
    if (!reading)
        return;
    annc_records_close(&reading->records);
    annc_columns_free(&reading->columns);
    annc_table_free(&reading->one);
    annc_release(reading->place);
    annc_release(reading);
}

annc_status annc_csv_piece(struct annc_csv *reading, uint32_t most, struct annc_table *table)
{
    annc_status status = ANNC_OK;
    reading->table = table;
    ANNC_TRY(make_room(reading, most));
    ANNC_TRY(reading->columns.parts.count > 0 ? read_divided(reading) : read_rows(reading, most));
out:
    annc_labels_end(&reading->labels, &table->labels);
    return status;
}

uint32_t annc_csv_inputs(const struct annc_csv *reading)
{
    return reading->columns.inputs;
}

uint64_t annc_csv_dropped(const struct annc_csv *reading)
{
    return reading->dropped;
}

void annc_csv_note_unknown(const struct annc_csv *reading, char *notes, size_t size)
{
    char name[SHOWN];
    const struct annc_origin origin = annc_origin_of(&reading->records, name, sizeof name);
    for (uint32_t c = 0; c < reading->columns.count; c++) {
        const struct annc_column *column = &reading->columns.column[c];
        annc_category_note_unknown(&origin, column->category, column->unknown, column->text, column->unknown_line,
                                   notes, size);
    }
}

/* ---------------------------------------------------------------- inputs that stay in the text */

/* Reads the inputs of a row of a table once more. */
static annc_status read_again(const struct annc_table *table, size_t row, double *values)
{
    annc_status status = ANNC_OK;
    struct annc_csv *reading = (struct annc_csv *)table->text;
    bool more, complete = true;
    annc_records_seek(&reading->records, reading->place[row], table->lines[row]);
    ANNC_TRY(annc_records_next(&reading->records, &more));
    if (!more)
        return annc_stream_malformed(reading->records.stream, "changed while it was read");
    ANNC_TRY(annc_columns_check(&reading->records, &reading->columns));
    for (uint32_t c = 0; c < reading->columns.count; c++)
        if (reading->columns.column[c].role == ANNC_ROLE_INPUT)
            ANNC_TRY(read_input(reading, c, &complete));
    ANNC_TRY(annc_table_read(&reading->one, 0, values));
out:
    return status;
}

static void close_inputs(struct annc_inputs_in_text *inputs)
{
    struct annc_csv *reading = (struct annc_csv *)inputs;
    annc_stream_close(reading->records.stream);
    annc_csv_close(reading);
}

/* ---------------------------------------------------------------- whole tables */

/* Makes targets of the labels, where a cell has several. Rejects a guessed label that is different in
 * almost every row. */
static annc_status take_label_sets(const struct annc_csv *reading, const struct annc_table *like,
                                   struct annc_table *table, char *notes, size_t size)
{
    const struct annc_stream *stream = reading->records.stream;
    if (!table->labels.index)
        return ANNC_OK;
    table->label_separator = reading->columns.label_separator;
    if (table->label_separator)
        return annc_label_sets_expand(table, table->label_separator, like ? &like->target_names : NULL,
                                      annc_stream_most_unpacked(annc_stream_file_bytes(stream)), notes, size);
    if (like)
        return ANNC_OK;
    ANNC_RETURN_IF_FAILED(annc_columns_check_guess(&reading->records, &reading->columns, table->labels.distinct.count));
    return annc_label_sets_note(&table->labels, notes, size);
}

annc_status annc_csv_read(struct annc_stream *stream, const annc_text_options *options,
                          const struct annc_intake *intake, const struct annc_table *like, bool need_label,
                          struct annc_table *table, char *notes, size_t size)
{
    annc_status status = ANNC_OK;
    const bool stays = intake->maps;
    struct annc_csv *reading = NULL;
    memset(table, 0, sizeof *table);
    ANNC_TRY(annc_csv_open(stream, options, intake, like, need_label, &reading, notes, size));
    if (stays)
        reading->inputs = (struct annc_inputs_in_text){.read = read_again, .close = close_inputs, .are_bytes = true};
    ANNC_TRY(annc_csv_piece(reading, reading->columns.rows, table));
    if (reading->dropped > 0)
        annc_note(notes, size, "%llu row%s with missing values %s left out", (unsigned long long)reading->dropped,
                  annc_plural(reading->dropped), reading->dropped == 1 ? "is" : "are");
    if (reading->weightless > 0)
        annc_note(notes, size, "%llu row%s of weight 0 %s left out", (unsigned long long)reading->weightless,
                  annc_plural(reading->weightless), reading->weightless == 1 ? "is" : "are");
    if (table->rows == 0)
        ANNC_TRY(annc_stream_malformed(stream, reading->weightless > 0 ? "has no row with a weight above 0"
                                                                       : "has missing values in every row"));
    ANNC_TRY(take_label_sets(reading, like, table, notes, size));
    if (like)
        annc_csv_note_unknown(reading, notes, size);
    table->categories = reading->columns.categories;
    reading->columns.categories = (struct annc_categories){0, NULL};
    if (stays) {
        table->text = &reading->inputs;
        reading = NULL;
    }
out:
    annc_csv_close(reading);
    if (status != ANNC_OK)
        annc_table_free(table);
    return status;
}
