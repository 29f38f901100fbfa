/* reader.c - reads data for predictions in pieces, without a limit of length. */
#include "dataset/reader.h"
#include "base/allocate.h"
#include "base/notes.h"
#include "base/status.h"
#include "base/text.h"
#include "dataset/idx/idx_find.h"
#include "dataset/loading.h"
#include "dataset/prepare/preparation.h"
#include "dataset/source.h"
#include "dataset/tables/csv.h"
#include "dataset/tables/table.h"
#include "dataset/text/records.h"
#include "formats/stream.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A piece has about this many inputs; its number of rows is a power of two, so it never splits the
 * evaluator's blocks. */
enum { BEGINNING = 8 << 20, STEP = 1 << 18, CELLS = 1 << 19, MOST_ROWS = 1 << 14 };

struct annc_reader {
    struct annc_loading loading;
    annc_data_options options;
    annc_data data;             /* notes and description; data read at once */
    struct annc_stream *stream; /* of a text table */
    struct annc_csv *csv;       /* NULL: all data are read at once */
    uint32_t piece;             /* rows */
    bool ended;                 /* the last piece was returned */
    uint64_t rows;              /* returned so far */
    annc_status status;         /* error after the returned rows */
    char what[2048];
};

/* ---------------------------------------------------------------- opening */

/* Returns the number of rows of `inputs` inputs with about `cells` cells. */
static uint32_t piece_rows(uint32_t inputs, size_t cells)
{
    uint32_t rows = 1;
    while (rows < MOST_ROWS && 2 * (size_t)rows * inputs <= cells)
        rows *= 2;
    return rows;
}

static annc_status open_table(annc_reader *reader, const struct annc_reader_sizes *sizes)
{
    annc_status status = ANNC_OK;
    struct annc_loading *loading = &reader->loading;
    struct annc_intake intake = sizes->intake;
    annc_stream_in_pieces(reader->stream);
    annc_stream_name(reader->stream, reader->data.description, sizeof reader->data.description);
    annc_stream_note_gzip(reader->stream, reader->data.notes, sizeof reader->data.notes);
    if (reader->options.text.header == ANNC_NO)
        intake.records--;
    ANNC_TRY(annc_loading_prepare(loading));
    ANNC_TRY(annc_csv_open(reader->stream, &reader->options.text, &intake, annc_loading_columns(loading), false,
                           &reader->csv, reader->data.notes, sizeof reader->data.notes));
    reader->piece = piece_rows(annc_csv_inputs(reader->csv), sizes->cells);
    const struct annc_table kind = {.type = ANNC_FLOATS};
    ANNC_TRY(annc_loading_complete(loading, &kind));
    annc_loading_note_scaling(loading);
out:
    return status;
}

/* Also true for a missing path, for which the directory search has the best message. */
static bool is_folder(const char *path)
{
    struct stat there;
    return !annc_is_standard_input(path) && (stat(path, &there) != 0 || S_ISDIR(there.st_mode));
}

annc_status annc_reader_open_sized(const annc_data_options *options, const struct annc_reader_sizes *sizes,
                                   annc_reader **result)
{
    annc_status status = ANNC_OK;
    annc_reader *reader = NULL;
    annc_format format = ANNC_FORMAT_IDX;
    *result = NULL;
    if (options->source != ANNC_SOURCE_PATH || !options->model)
        return annc_fail(ANNC_USAGE, "a reader needs a path and a model");
    ANNC_RETURN_IF_FAILED(annc_loading_check(options));
    ANNC_TRY(annc_allocate(1, sizeof *reader, "a reader", (void **)&reader));
    reader->options = *options;
    reader->options.unlabelled = reader->options.need_test = true;
    reader->loading.options = &reader->options;
    reader->loading.data = &reader->data;
    if (!is_folder(options->path))
        ANNC_TRY(annc_file_open(options->path, &format, &reader->stream));
    if (format == ANNC_FORMAT_TEXT) {
        ANNC_TRY(open_table(reader, sizes));
    } else {
        struct annc_stream *stream = reader->stream;
        reader->stream = NULL;
        ANNC_TRY(annc_data_load_open(&reader->options, stream, format, &reader->data));
    }
    *result = reader;
    reader = NULL;
out:
    annc_reader_close(reader);
    return status;
}

annc_status annc_reader_open(const annc_data_options *options, annc_reader **reader)
{
    ANNC_REQUIRE_RESULT(reader, "reader");
    ANNC_REQUIRE(options, "options");
    static const struct annc_reader_sizes sizes = {{.beginning = BEGINNING, .step = STEP, .records = 2}, CELLS};
    return annc_reader_open_sized(options, &sizes, reader);
}

void annc_reader_close(annc_reader *reader)
{
    if (!reader)
        return;
    annc_csv_close(reader->csv);
    annc_stream_close(reader->stream);
    annc_table_free(&reader->loading.table[ANNC_PART_TEST]);
    if (reader->loading.preparation)
        annc_preparation_free(reader->loading.preparation);
    annc_release(reader->loading.preparation);
    annc_data_free(&reader->data);
    annc_release(reader);
}

const char *annc_reader_description(const annc_reader *reader)
{
    return reader ? reader->data.description : NULL;
}

const char *annc_reader_notes(const annc_reader *reader)
{
    return reader ? reader->data.notes : NULL;
}

/* ---------------------------------------------------------------- pieces */

/* Keeps an error until the rows before it are returned. */
static void keep(annc_reader *reader, annc_status status)
{
    reader->status = status;
    snprintf(reader->what, sizeof reader->what, "%s", annc_last_error());
}

static annc_status make_piece(annc_reader *reader, const uint32_t *rows, uint32_t count, annc_dataset **piece)
{
    return annc_preparation_apply(reader->loading.preparation, &reader->loading.table[ANNC_PART_TEST],
                                  reader->options.outputs, rows, count, piece);
}

/* Makes a piece of the rows before the first invalid one, and keeps the error. */
static annc_status make_beginning(annc_reader *reader, annc_dataset **piece)
{
    struct annc_table *table = &reader->loading.table[ANNC_PART_TEST];
    uint32_t usable = 0;
    annc_dataset *one = NULL;
    while (usable < table->rows && make_piece(reader, &usable, 1, &one) == ANNC_OK) {
        annc_dataset_free(one);
        usable++;
    }
    keep(reader, ANNC_INPUT);
    if (usable == 0)
        return annc_fail(ANNC_INPUT, "%s", reader->what);
    table->rows = usable;
    reader->rows += usable;
    return make_piece(reader, NULL, 0, piece);
}

/* Ends the table after the last piece. */
static annc_status end_table(annc_reader *reader)
{
    const unsigned long long dropped = annc_csv_dropped(reader->csv);
    if (reader->ended)
        return ANNC_OK;
    reader->ended = true;
    if (reader->rows == 0)
        return annc_stream_malformed(reader->stream, "has missing values in every row");
    annc_csv_note_unknown(reader->csv, reader->data.notes, sizeof reader->data.notes);
    if (dropped > 0)
        annc_note(reader->data.notes, sizeof reader->data.notes, "%llu row%s with missing values %s left out", dropped,
                  annc_plural(dropped), dropped == 1 ? "is" : "are");
    return ANNC_OK;
}

static annc_status next_rows(annc_reader *reader, annc_dataset **piece)
{
    struct annc_table *table = &reader->loading.table[ANNC_PART_TEST];
    annc_table_free(table);
    annc_status status = annc_csv_piece(reader->csv, reader->piece, table);
    if (status != ANNC_OK && table->rows == 0)
        return status;
    if (status != ANNC_OK)
        keep(reader, status);
    if (table->rows == 0)
        return end_table(reader);
    table->before = reader->rows;
    status =
        annc_preparation_compare(reader->loading.preparation, table, reader->data.notes, sizeof reader->data.notes);
    if (status == ANNC_OK)
        status = make_piece(reader, NULL, 0, piece);
    if (status == ANNC_INPUT)
        return make_beginning(reader, piece);
    reader->rows += table->rows;
    return status;
}

annc_status annc_reader_next(annc_reader *reader, annc_dataset **piece)
{
    ANNC_REQUIRE_RESULT(piece, "piece");
    ANNC_REQUIRE(reader, "reader");
    if (reader->status != ANNC_OK)
        return annc_fail(reader->status, "%s", reader->what);
    if (reader->csv)
        return next_rows(reader, piece);
    *piece = reader->data.test;
    reader->data.test = NULL;
    return ANNC_OK;
}
