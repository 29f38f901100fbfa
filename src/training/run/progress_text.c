/* progress_text.c - the progress of a run as text, in the metadata of its checkpoint. */
#include "training/run/progress_text.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 4096 }; /* over 70 hexadecimal numbers of at most 26 characters */

/* Reads or writes the same numbers in the same order. */
struct codec {
    char *out;      /* the rest of a buffer of LONGEST bytes, or NULL */
    const char *in; /* the rest of the text */
    bool failed;
};

static void pass_number(struct codec *codec, double *number)
{
    char *end;
    if (codec->out) {
        codec->out += sprintf(codec->out, "%a ", *number);
        return;
    }
    *number = strtod(codec->in, &end);
    codec->failed = codec->failed || end == codec->in || *end != ' ';
    codec->in = codec->failed ? codec->in : end + 1;
}

static void pass_whole(struct codec *codec, uint32_t *whole)
{
    double number = *whole;
    pass_number(codec, &number);
    if (!(number >= 0 && number <= UINT32_MAX))
        codec->failed = true;
    else
        *whole = (uint32_t)number;
}

static void pass_truth(struct codec *codec, bool *truth)
{
    uint32_t whole = *truth;
    pass_whole(codec, &whole);
    codec->failed = codec->failed || whole > 1;
    *truth = whole != 0;
}

static void pass_evaluation(struct codec *codec, annc_evaluation *evaluation)
{
    pass_whole(codec, &evaluation->count);
    pass_whole(codec, &evaluation->correct);
    pass_number(codec, &evaluation->loss);
    pass_number(codec, &evaluation->r2);
    pass_number(codec, &evaluation->rmse);
    pass_number(codec, &evaluation->mae);
    pass_number(codec, &evaluation->label_accuracy);
    pass_number(codec, &evaluation->pinball);
    pass_number(codec, &evaluation->poisson_deviance);
    pass_number(codec, &evaluation->seconds);
    pass_number(codec, &evaluation->weight);
    pass_number(codec, &evaluation->correct_weight);
}

static void pass_outcome(struct codec *codec, annc_outcome *outcome)
{
    annc_epoch *epoch = &outcome->epoch;
    pass_whole(codec, &epoch->epoch);
    pass_whole(codec, &epoch->steps);
    pass_whole(codec, &epoch->examples);
    pass_whole(codec, &epoch->correct);
    pass_number(codec, &epoch->loss);
    pass_number(codec, &epoch->rate);
    pass_number(codec, &epoch->seconds);
    pass_evaluation(codec, &outcome->test);
    pass_evaluation(codec, &outcome->validation);
}

static void pass_folds(struct codec *codec, annc_folds *folds)
{
    annc_spread *const spreads[] = {&folds->accuracy, &folds->loss, &folds->r2, &folds->rmse, &folds->mae};
    pass_whole(codec, &folds->fold);
    pass_truth(codec, &folds->classes);
    for (size_t i = 0; i < sizeof spreads / sizeof *spreads; i++) {
        pass_number(codec, &spreads[i]->sum);
        pass_number(codec, &spreads[i]->squares);
        pass_whole(codec, &spreads[i]->count);
    }
}

static void pass_state(struct codec *codec, annc_run_state *state)
{
    bool has_best = state->best.epoch.epoch > 0;
    pass_whole(codec, &state->epochs);
    pass_truth(codec, &has_best);
    pass_number(codec, &state->seconds);
    pass_number(codec, &state->evaluation_seconds);
    pass_outcome(codec, &state->last);
    pass_outcome(codec, &state->best);
    codec->failed = codec->failed || has_best != (state->best.epoch.epoch > 0);
}

annc_status annc_progress_damaged(void)
{
    return annc_fail(ANNC_INPUT, "the checkpoint is damaged: its " PROGRESS_KEY " is malformed");
}

annc_status annc_progress_write(const annc_folds *folds, const annc_run_state *state, annc_network *checkpoint)
{
    char text[LONGEST];
    struct codec codec = {.out = text};
    annc_run_state copy = *state;
    if (folds) {
        annc_folds so_far = *folds;
        pass_folds(&codec, &so_far);
    }
    pass_state(&codec, &copy);
    return annc_network_set_metadata(checkpoint, PROGRESS_KEY, text);
}

annc_status annc_progress_read(const annc_network *checkpoint, bool has_folds, annc_run_state *state)
{
    struct codec codec = {.in = annc_network_metadata(checkpoint, PROGRESS_KEY)};
    annc_folds ignored;
    if (!codec.in)
        return annc_progress_damaged();
    memset(&ignored, 0, sizeof ignored);
    if (has_folds)
        pass_folds(&codec, &ignored);
    pass_state(&codec, state);
    return codec.failed || *codec.in != '\0' ? annc_progress_damaged() : ANNC_OK;
}

annc_status annc_folds_restore(const annc_network *checkpoint, annc_folds *folds)
{
    ANNC_REQUIRE(checkpoint, "checkpoint");
    ANNC_REQUIRE(folds, "folds");
    struct codec codec = {.in = annc_network_metadata(checkpoint, PROGRESS_KEY)};
    if (codec.in)
        pass_folds(&codec, folds);
    return !codec.in || codec.failed ? annc_progress_damaged() : ANNC_OK;
}
