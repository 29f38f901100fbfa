/* checkpoint.c - saves a training between two steps as a network, and restores it. */
#include "backend/augmentation.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/number.h"
#include "base/philox.h"
#include "base/status.h"
#include "network/network.h"
#include "network/shape.h"
#include "training/step/optimisation.h"
#include "training/step/trainer.h"

#include <math.h>
#include <string.h>

static const char KEY[] = "annc.state", FIRST_BLOCK[] = "first", SECOND_BLOCK[] = "second";

/* The value of KEY, "name value" pairs in this order and "end": the properties that must match, and
 * the position of the training. */
struct state {
    uint64_t data, count, batch, seed, optimiser; /* data: the fingerprint */
    uint64_t schedule;                            /* its epochs */
    uint64_t epoch, steps;                        /* epochs begun, steps of the last of them */
    uint64_t examples, correct;                   /* its report so far */
    uint64_t waited;                              /* of the plateau schedule */
    double loss, seconds, plateau, best;
    uint64_t noise;   /* ANNC_NOISE_DEFINITION; the first version of the text lacks it, */
    uint64_t elastic; /* ANNC_ELASTIC_DEFINITION; and the first two lack this */
};

struct field {
    const char *name;
    uint64_t *whole;
    double *number;
};

enum { FIELDS = 17, FIRST_FIELDS = 15 };

static void list_fields(struct state *state, struct field *fields)
{
    const struct field all[FIELDS] = {{"data", &state->data, NULL},           {"count", &state->count, NULL},
                                      {"batch", &state->batch, NULL},         {"seed", &state->seed, NULL},
                                      {"optimiser", &state->optimiser, NULL}, {"schedule", &state->schedule, NULL},
                                      {"epoch", &state->epoch, NULL},         {"steps", &state->steps, NULL},
                                      {"examples", &state->examples, NULL},   {"correct", &state->correct, NULL},
                                      {"waited", &state->waited, NULL},       {"loss", NULL, &state->loss},
                                      {"seconds", NULL, &state->seconds},     {"plateau", NULL, &state->plateau},
                                      {"best", NULL, &state->best},           {"noise", &state->noise, NULL},
                                      {"elastic", &state->elastic, NULL}};
    memcpy(fields, all, sizeof all);
}

/* ---------------------------------------------------------------- saving */

static annc_status write_state(struct state *state, annc_network *checkpoint)
{
    struct annc_buffer text = {NULL, 0, 0, ANNC_OK};
    struct field fields[FIELDS];
    list_fields(state, fields);
    for (size_t i = 0; i < FIELDS; i++) {
        char number[ANNC_NUMBER_HEX];
        annc_buffer_format(&text, i ? " %s " : "%s ", fields[i].name);
        if (fields[i].whole)
            annc_buffer_format(&text, "%llu", (unsigned long long)*fields[i].whole);
        if (fields[i].number) {
            annc_number_format_hex(*fields[i].number, number);
            annc_buffer_format(&text, "%s", number);
        }
    }
    annc_buffer_format(&text, " end");
    annc_status status = text.status;
    if (status == ANNC_OK)
        status = annc_network_set_metadata(checkpoint, KEY, text.bytes);
    annc_buffer_free(&text);
    return status;
}

static annc_status save_block(const annc_trainer *trainer, const float *block, const char *name, float *room,
                              annc_network *checkpoint)
{
    annc_status status = ANNC_OK;
    const size_t count = annc_shape_parameters(trainer->job.shape);
    if (!block)
        return annc_network_set_block(checkpoint, name, NULL);
    ANNC_TRY(annc_layout_download(&trainer->pass.layout, trainer->device, room, block));
    for (size_t i = 0; i < count;
         /* Squares of gradients overflow before anything else, and training then has no effect. */
         i++)
        if (!isfinite(room[i]))
            return annc_fail(ANNC_DIVERGED,
                             "diverged: in epoch %u the optimiser's %s moment of parameter %zu is no longer finite "
                             "(largest |input| %g); scale the data",
                             trainer->epoch, name, i, (double)trainer->largest_input);
    ANNC_TRY(annc_network_set_block(checkpoint, name, room));
out:
    return status;
}

/* Returns the properties in which a trainer and its checkpoint must agree. */
static struct state identity(annc_trainer *trainer)
{
    if (trainer->fingerprint == 0)
        trainer->fingerprint = annc_dataset_fingerprint(trainer->data);
    return (struct state){.data = trainer->fingerprint,
                          .count = trainer->count,
                          .batch = trainer->options.batch,
                          .seed = trainer->options.seed,
                          .optimiser = (uint64_t)trainer->options.optimiser,
                          .noise = ANNC_NOISE_DEFINITION,
                          .elastic = ANNC_ELASTIC_DEFINITION};
}

annc_status annc_trainer_checkpoint(annc_trainer *trainer, annc_network **result)
{
    ANNC_REQUIRE_RESULT(result, "checkpoint");
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    annc_status status = ANNC_OK;
    const struct annc_optimisation *optimisation = &trainer->optimisation;
    annc_network *checkpoint = NULL;
    float *room = NULL;
    struct state state = identity(trainer);
    state.schedule = trainer->options.schedule.epochs;
    state.epoch = trainer->epoch;
    state.steps = trainer->report.steps;
    state.examples = trainer->report.examples;
    state.correct = trainer->report.correct;
    state.loss = trainer->report.loss;
    state.seconds = trainer->report.seconds;
    state.waited = optimisation->waited;
    state.plateau = optimisation->plateau;
    state.best = optimisation->best;
    ANNC_TRY(annc_network_copy(trainer->network, &checkpoint));
    ANNC_TRY(annc_trainer_fetch_theta(trainer, checkpoint->theta));
    ANNC_TRY(annc_allocate(annc_shape_parameters(trainer->job.shape), sizeof *room, "a checkpoint", (void **)&room));
    ANNC_TRY(save_block(trainer, optimisation->v, FIRST_BLOCK, room, checkpoint));
    ANNC_TRY(save_block(trainer, optimisation->s, SECOND_BLOCK, room, checkpoint));
    ANNC_TRY(write_state(&state, checkpoint));
    *result = checkpoint;
    checkpoint = NULL;
out:
    annc_release(room);
    annc_network_free(checkpoint);
    return status;
}

/* ---------------------------------------------------------------- resuming */

/* Reads the next word of a text and moves past it; false without a next word, or if it does not fit
 * in `word`. */
static bool next_word(const char **text, char *word, size_t size)
{
    const size_t length = strcspn(*text, " ");
    if (length == 0 || length >= size)
        return false;
    memcpy(word, *text, length);
    word[length] = '\0';
    *text += length;
    *text += **text == ' ';
    return true;
}

static bool parse_whole(const char *word, uint64_t *whole)
{
    *whole = 0;
    for (; *word; word++)
        if (*word < '0' || *word > '9' || __builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, (uint64_t)(*word - '0'), whole))
            return false;
    return true;
}

static bool parse_state(const char *text, struct state *state)
{
    struct field fields[FIELDS];
    char word[ANNC_NUMBER_HEX];
    list_fields(state, fields);
    state->noise = 1;
    state->elastic = 1;
    for (size_t i = 0; i < FIELDS; i++) {
        if (i >= FIRST_FIELDS && strcmp(text, "end") == 0)
            return true;
        if (!next_word(&text, word, sizeof word) || strcmp(word, fields[i].name) != 0 ||
            !next_word(&text, word, sizeof word))
            return false;
        if (!(fields[i].whole ? parse_whole(word, fields[i].whole) : annc_number_parse_hex(word, fields[i].number)))
            return false;
    }
    return strcmp(text, "end") == 0;
}

static annc_status read_state(const annc_network *checkpoint, uint32_t steps, struct state *state)
{
    const char *text = annc_network_metadata(checkpoint, KEY);
    if (!text)
        return annc_fail(ANNC_INPUT, "this is a model, not a checkpoint: it has no training state");
    if (!parse_state(text, state) || state->epoch > UINT32_MAX - 1 || state->steps > steps ||
        (state->epoch == 0 && state->steps > 0) || state->examples > state->count || state->correct > state->examples ||
        state->waited > UINT32_MAX || state->schedule > UINT32_MAX || !(state->plateau >= 0 && state->plateau <= 1))
        return annc_fail(ANNC_INPUT, "the checkpoint is damaged: its %s is malformed", KEY);
    return ANNC_OK;
}

static annc_status agree(annc_trainer *trainer, const annc_network *checkpoint, const struct state *state)
{
    const struct state own = identity(trainer);
    const annc_shape *shape = &trainer->network->shape, *theirs = &checkpoint->shape;
    if (!annc_shape_is_same(shape, theirs))
        return annc_fail(ANNC_INPUT, "the checkpoint has a network of another shape");
    if (state->batch != own.batch || state->seed != own.seed || state->optimiser != own.optimiser)
        return annc_fail(ANNC_INPUT, "the checkpoint was saved with another minibatch, seed or optimiser");
    if (trainer->options.objective.input_noise > 0 && state->noise != own.noise)
        return annc_fail(ANNC_INPUT,
                         "the checkpoint was saved by a version that draws input noise by definition %llu, and this "
                         "one draws it by definition %llu: resume with that version, or train anew",
                         (unsigned long long)state->noise, (unsigned long long)own.noise);
    if (trainer->options.augmentation.elastic > 0 && state->elastic != own.elastic)
        return annc_fail(ANNC_INPUT,
                         "the checkpoint was saved by a version that distorts images by definition %llu, and this one "
                         "distorts them by definition %llu: resume with that version, or train anew",
                         (unsigned long long)state->elastic, (unsigned long long)own.elastic);
    if (state->data != own.data || state->count != own.count)
        return annc_fail(ANNC_INPUT, "the checkpoint was saved with other training data (%llu examples then, %llu now)",
                         (unsigned long long)state->count, (unsigned long long)own.count);
    return ANNC_OK;
}

static annc_status load_block(const annc_trainer *trainer, const annc_network *checkpoint, const char *name,
                              float *block)
{
    const float *values = annc_network_block(checkpoint, name);
    if (!values != !block)
        return annc_fail(ANNC_INPUT, "the checkpoint is damaged: its optimiser's state does not fit its optimiser");
    if (!block)
        return ANNC_OK;
    return annc_layout_upload(&trainer->pass.layout, trainer->device, block, values);
}

annc_status annc_trainer_resume(annc_trainer *trainer, const annc_network *checkpoint)
{
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_REQUIRE(checkpoint, "checkpoint");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    annc_status status = ANNC_OK;
    struct annc_optimisation *optimisation = &trainer->optimisation;
    struct state state;
    ANNC_TRY(read_state(checkpoint, trainer->steps, &state));
    ANNC_TRY(agree(trainer, checkpoint, &state));
    ANNC_TRY(load_block(trainer, checkpoint, FIRST_BLOCK, optimisation->v));
    ANNC_TRY(load_block(trainer, checkpoint, SECOND_BLOCK, optimisation->s));
    ANNC_TRY(annc_layout_upload(&trainer->pass.layout, trainer->device, trainer->job.theta, checkpoint->theta));
    if (state.schedule > 0)
        trainer->options.schedule.epochs = (uint32_t)state.schedule;
    optimisation->waited = (uint32_t)state.waited;
    optimisation->plateau = state.plateau;
    optimisation->best = state.best;
    trainer->epoch = (uint32_t)state.epoch;
    trainer->report = (annc_epoch){.epoch = (uint32_t)state.epoch,
                                   .steps = (uint32_t)state.steps,
                                   .examples = (uint32_t)state.examples,
                                   .loss = state.loss,
                                   .correct = (uint32_t)state.correct,
                                   .seconds = state.seconds};
out:
    return status;
}
