/* run_log.c - reads a log (--log) into a run. */
#include "cli/log/run_log.h"
#include "base/json/json_read.h"
#include "cli/terminal/memory.h"
#include "cli/terminal/open_input.h"
#include "cli/terminal/usage.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LINE = 1 << 20 };

/* A line of a log and its position. */
struct place {
    const char *path;
    size_t line;
};

static annc_status refuse(const struct place *place, const char *what)
{
    return annc_fail(ANNC_INPUT, "%.300s, line %zu %s", place->path, place->line, what);
}

/* Reads the numbers of an array. Returns their count, or more than `most`. */
static size_t read_array(char *text, double *numbers, size_t most)
{
    struct annc_json_members members;
    struct annc_json_member member;
    size_t count = 0;
    annc_json_open(&members, text);
    while (annc_json_next_member(&members, &member) && count <= most)
        if (count++ < most)
            numbers[count - 1] = annc_json_as_number(&member);
    return members.json.error ? most + 1 : count;
}

/* The values of an epoch's line that the history keeps. */
struct epoch_line {
    double columns[EPOCH_COLUMNS], fold;
    double layers[2][ANNC_MAX_LAYERS]; /* saturated, dead */
    size_t count[2];
};

static void take_epoch_member(const struct annc_json_member *member, struct epoch_line *line)
{
    static const char *const keys[EPOCH_COLUMNS] = {
        [EPOCH] = "epoch",
        [TRAINING_LOSS] = "mean_loss",
        [RATE] = "rate",
        [TRAINING_CORRECT] = "training_correct",
        [TRAINING_COUNT] = "training_count",
        [VALIDATION_LOSS] = "validation_loss",
        [VALIDATION_ACCURACY] = "validation_accuracy",
        [VALIDATION_R2] = "validation_r2",
        [VALIDATION_RMSE] = "validation_rmse",
        [TEST_LOSS] = "test_loss",
        [TEST_ACCURACY] = "test_accuracy",
        [TEST_R2] = "test_r2",
        [TEST_RMSE] = "test_rmse",
        [SECONDS] = "seconds",
        [TEST_SECONDS] = "test_seconds",
        [SPEED] = "examples_per_second",
    };
    static const char *const arrays[] = {"saturated", "dead"};
    if (strcmp(member->key, "fold") == 0)
        line->fold = annc_json_as_number(member);
    for (int i = 0; i < EPOCH_COLUMNS; i++)
        if (keys[i] && strcmp(member->key, keys[i]) == 0)
            line->columns[i] = annc_json_as_number(member);
    for (int i = 0; i < 2; i++)
        if (strcmp(member->key, arrays[i]) == 0 && member->kind == ANNC_JSON_NESTED)
            line->count[i] = read_array(member->text, line->layers[i], ANNC_MAX_LAYERS);
}

/* Returns a resumed training to its checkpoint: removes later epochs and the previous ending. */
static void go_back(struct run *run, struct history *history, double epoch)
{
    const size_t width = history_width(history);
    while (history->count > 0 && !(history->rows[(history->count - 1) * width + EPOCH] < epoch))
        history->count--;
    run->has_result = false;
    run->result.count = 0; /* keep the options */
}

/* Finds the fold of a line; *fold is NULL if the line belongs to none. */
static annc_status find_fold(const struct place *place, const struct epoch_line *line, struct run *run,
                             struct fold **fold)
{
    *fold = isnan(line->fold) ? NULL : run_fold(run, line->fold);
    if (!isnan(line->fold) && !*fold)
        return refuse(place, "has an invalid fold number");
    if (run->network_count > 0 || (*fold ? run->history.count > 0 : run->fold_count > 0))
        return refuse(place, "belongs to another kind of log than the lines before");
    return ANNC_OK;
}

/* Returns whether a training ended so that it resumes from its checkpoint, of any epoch. */
static bool is_broken(const struct log_record *result)
{
    const char *ending = record_text(result, "ended_by");
    return ending && strcmp(ending, "divergence") == 0;
}

static annc_status take_epoch(const struct place *place, const struct epoch_line *line, struct run *run)
{
    struct fold *fold;
    ANNC_RETURN_IF_FAILED(find_fold(place, line, run, &fold));
    struct history *history = fold ? &fold->history : &run->history;
    double row[EPOCH_COLUMNS + 2 * ANNC_MAX_LAYERS];
    const double *columns = line->columns;
    if (line->count[0] != line->count[1] || line->count[0] > ANNC_MAX_LAYERS)
        return refuse(place, "has an invalid list of layers");
    if (history->count == 0)
        history->layers = (uint32_t)line->count[0];
    if (history->layers != line->count[0])
        return refuse(place, "has another number of layers than the lines before");
    if (!(columns[EPOCH] >= 1 && columns[EPOCH] <= 1e9))
        return refuse(place, "has an invalid epoch number");
    if (history->count > 0 && run->has_result && columns[EPOCH] <= 1 && !is_broken(&run->result))
        return refuse(place, "begins a second training, but a log has only one");
    go_back(run, history, columns[EPOCH]);
    if (fold)
        record_free(&fold->end);
    memcpy(row, columns, sizeof line->columns);
    row[TRAINING_ACCURACY] = columns[TRAINING_CORRECT] / columns[TRAINING_COUNT];
    for (int i = 0; i < 2; i++)
        memcpy(row + EPOCH_COLUMNS + (size_t)i * history->layers, line->layers[i], history->layers * sizeof *row);
    history_add(history, row);
    return ANNC_OK;
}

/* Keeps a whole line. */
static annc_status keep(const struct place *place, const char *text, struct log_record *record)
{
    return record_take(text, record) == ANNC_OK ? ANNC_OK : refuse(place, "has invalid options");
}

/* Records the result of a fold. */
static annc_status take_fold(const struct place *place, const struct epoch_line *line, const char *text,
                             struct run *run)
{
    struct fold *fold;
    ANNC_RETURN_IF_FAILED(find_fold(place, line, run, &fold));
    if (!fold)
        return refuse(place, "has an invalid fold number");
    return keep(place, text, &fold->end);
}

/* Records a network of a sweep. */
static annc_status take_network(const struct place *place, const char *text, struct run *run)
{
    if (run->history.count > 0 || run->fold_count > 0 || run->has_result)
        return refuse(place, "belongs to another kind of log than the lines before");
    return keep(place, text, run_add_network(run));
}

static annc_status take_line(const struct place *place, char *text, char *copy, struct run *run)
{
    struct annc_json_members members;
    struct annc_json_member member;
    struct epoch_line line = {.fold = NAN};
    char schema[32] = "";
    for (int i = 0; i < EPOCH_COLUMNS; i++)
        line.columns[i] = NAN;
    if (text[strspn(text, " \t\r\n")] != '{')
        return refuse(place, "is not a line of a log: it does not begin with '{'");
    annc_json_open(&members, text);
    while (annc_json_next_member(&members, &member)) {
        if (strcmp(member.key, "schema") == 0 && member.kind == ANNC_JSON_STRING)
            snprintf(schema, sizeof schema, "%s", member.text);
        take_epoch_member(&member, &line);
    }
    if (members.json.error)
        return refuse(place, members.json.error);
    if (!schema[0])
        return refuse(place, "is not a line of a log: it has no \"schema\"");
    if (strcmp(schema, "annc.epoch/1") == 0)
        return take_epoch(place, &line, run);
    if (strcmp(schema, "annc.fold/1") == 0)
        return take_fold(place, &line, copy, run);
    if (strcmp(schema, "annc.sweep/1") == 0)
        return take_network(place, copy, run);
    const bool is_model = strcmp(schema, "annc.model/1") == 0;
    const bool is_result = is_model || strcmp(schema, "annc.result/1") == 0 || strcmp(schema, "annc.folds/1") == 0 ||
                           (strcmp(schema, "annc.sweep_result/1") == 0 && run->network_count > 0);
    if (!is_result)
        return ANNC_OK;
    run->has_result = true;
    run->is_model = is_model;
    return keep(place, copy, &run->result);
}

/* Reads a line without its end into text, which has LONGEST_LINE + 1 bytes; *is_there is false at
 * the end of the file. */
static annc_status next_line(FILE *file, const struct place *place, char *text, bool *is_there)
{
    size_t length = 0;
    int c;
    while ((c = getc_unlocked(file)) != EOF && c != '\n') {
        if (c == '\0' || length == LONGEST_LINE)
            return refuse(place, c ? "is longer than any line of a log" : "has a NUL byte, so it is not text");
        text[length++] = (char)c;
    }
    text[length] = '\0';
    *is_there = length > 0 || c == '\n';
    if (ferror(file))
        return refuse(place, strerror(errno));
    return c == EOF && length > 0 && text[length - 1] != '}' ? refuse(place, "is incomplete") : ANNC_OK;
}

static annc_status read_lines(FILE *file, struct run *run)
{
    struct place place = {run->path, 1};
    annc_status status = ANNC_OK;
    bool is_there = true;
    char *text = take_memory(2, LONGEST_LINE + 1, "a log"), *copy = text + LONGEST_LINE + 1;
    for (;; place.line++) {
        ANNC_TRY(next_line(file, &place, text, &is_there));
        if (!is_there)
            break;
        memcpy(copy, text, strlen(text) + 1);
        ANNC_TRY(take_line(&place, text, copy, run));
    }
out:
    free(text);
    return status;
}

annc_status run_read(const char *path, struct run *run)
{
    memset(run, 0, sizeof *run);
    run->path = path;
    FILE *file = open_input(path, "a log");
    if (!file)
        return annc_fail(ANNC_INPUT, "%.300s: cannot be read: %s", path, strerror(errno));
    const annc_status status = read_lines(file, run);
    fclose(file);
    ANNC_RETURN_IF_FAILED(status);
    const bool is_empty = run->history.count + run->fold_count + run->network_count == 0;
    run->is_model = run->is_model && is_empty;
    if (is_empty && !run->has_result)
        return annc_fail(ANNC_INPUT, "%.300s: has no epochs; `annc-gpu train --log FILE` writes a log", path);
    run_average(run);
    return ANNC_OK;
}
