/* rank_checks.c - compares what the ranks of a run must have in common. */
#include "training/run/rank_checks.h"
#include "backend/backend.h"
#include "backend/group.h"
#include "base/allocate.h"
#include "base/buffer.h"
#include "base/checksum.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"
#include "network/network.h"
#include "training/step/trainer.h"

#include <stdio.h>

static void print_shape(const annc_shape *shape, struct annc_buffer *text)
{
    annc_buffer_format(text, "layers %u", shape->width[0]);
    for (uint32_t l = 1; l <= shape->layers; l++)
        annc_buffer_format(text, "-%u:%s", shape->width[l], annc_activation_name(shape->activation[l - 1]));
    annc_buffer_format(text, "\ncost %s\nquantile %.17g\n", annc_cost_name(shape->cost), shape->quantile);
}

static void print_objective(const annc_objective *objective, const annc_shape *shape, struct annc_buffer *text)
{
    const uint32_t outputs = shape->width[shape->layers];
    annc_buffer_format(text,
                       "label smoothing %.17g\nl2 %.17g\nl1 %.17g\ndropout %.17g\ninput dropout %.17g\n"
                       "input noise %.17g\n",
                       objective->label_smoothing, objective->l2, objective->l1, objective->dropout,
                       objective->input_dropout, objective->input_noise);
    for (uint32_t i = 0; objective->class_weights && i < (outputs == 1 ? 2 : outputs); i++)
        annc_buffer_format(text, "weight of class %u %.9g\n", i, (double)objective->class_weights[i]);
}

static void print_training(const annc_training_options *training, struct annc_buffer *text)
{
    const annc_schedule *schedule = &training->schedule;
    annc_buffer_format(text, "optimiser %s\nlearning rate %.17g\nmu %.17g\nrho %.17g\nepsilon %.17g\n",
                       annc_optimiser_name(training->optimiser), training->eta, training->mu, training->rho,
                       training->epsilon);
    annc_buffer_format(text, "decay %.17g\nclip %.17g\nmax norm %.17g\nbatch %u\nshards %u\nseed %llu\n",
                       training->decay, training->clip, training->max_norm, training->batch, training->shards,
                       (unsigned long long)training->seed);
    annc_buffer_format(text, "schedule %s\nwarmup %.17g\nfactor %.17g\nperiod %u\nschedule's epochs %u\n",
                       annc_schedule_name(schedule->kind), schedule->warmup, schedule->factor, schedule->period,
                       schedule->epochs);
    annc_buffer_format(text, "shift %.17g\nrotation %.17g\nelastic %.17g\nsigma %.17g\nzoom %.17g\n",
                       training->augmentation.shift, training->augmentation.rotation, training->augmentation.elastic,
                       training->augmentation.elastic_sigma, training->augmentation.zoom);
}

/* Prints the options that decide when a run evaluates, saves and ends. */
static void print_run(const annc_run_options *options, struct annc_buffer *text)
{
    annc_buffer_format(text,
                       "epochs %u\npatience %u\ntarget accuracy %.17g\ncheckpoints %s, every %u epochs and %.17g s\n"
                       "validation data %d\n",
                       options->epochs, options->patience, options->target_accuracy,
                       options->checkpoint ? "saved" : "not saved", options->checkpoint_epochs,
                       options->checkpoint_seconds, options->validation != NULL);
}

static void print_options(const annc_shape *shape, const annc_run_options *options, struct annc_buffer *text)
{
    print_shape(shape, text);
    print_training(&options->training, text);
    print_objective(&options->training.objective, shape, text);
    print_run(options, text);
}

/* Returns a checksum of parameters. */
static uint32_t checksum(const float *theta, const annc_shape *shape)
{
    return annc_crc32(ANNC_CRC32, theta, annc_shape_parameters(shape) * sizeof *theta);
}

static void print_data(const annc_dataset *train, const annc_network *checkpoint, struct annc_buffer *text)
{
    const annc_examples *examples = annc_dataset_examples(train);
    annc_buffer_format(text, "%u examples of %u inputs and %u outputs", train->total, examples->inputs,
                       examples->outputs);
    if (train->total == examples->count)
        annc_buffer_format(text, ", fingerprint %016llx\n", (unsigned long long)annc_dataset_fingerprint(train));
    else /* shards differ */
        annc_buffer_format(text, ", checksum %016llx of all shards\n", (unsigned long long)train->hash_of_all);
    if (checkpoint)
        annc_buffer_format(text, "a checkpoint, checksum %08x\n",
                           (unsigned)checksum(checkpoint->theta, &checkpoint->shape));
}

/* Compares a text that this rank has printed, or could not for want of memory. */
static annc_status compare(annc_group *group, const char *what, struct annc_buffer *text)
{
    annc_status status = annc_group_agree(group, text->status);
    if (status == ANNC_OK)
        status = annc_group_same(group, what, text->bytes);
    annc_buffer_free(text);
    return status;
}

static annc_status compare_programs(annc_group *group, const annc_device *device)
{
    struct annc_buffer text = {.bytes = NULL};
    const annc_build build = annc_build_info();
    annc_buffer_format(&text, "annc %s, commit %s\n", build.version, build.commit);
    ANNC_RETURN_IF_FAILED(compare(group, "version", &text));
    annc_buffer_format(&text, "%s %s\n", device->info.kind, device->kernels);
    return compare(group, "kernels", &text);
}

annc_status annc_ranks_check(annc_device *device, const annc_network *network, const annc_dataset *train,
                             const annc_run_options *options)
{
    annc_status status = ANNC_OK;
    struct annc_buffer text = {.bytes = NULL};
    annc_group *group = options->group;
    if (!group || group->size == 1)
        return ANNC_OK;
    ANNC_TRY(compare_programs(group, device));
    print_data(train, options->resume, &text);
    ANNC_TRY(compare(group, "data", &text));
    print_options(annc_network_shape(network), options, &text);
    ANNC_TRY(compare(group, "options", &text));
out:
    return status;
}

annc_status annc_ranks_check_sweep(annc_group *group, const annc_device *device, const annc_candidate *candidates,
                                   uint32_t count, const annc_dataset *train)
{
    annc_status status = ANNC_OK;
    struct annc_buffer text = {.bytes = NULL};
    if (!group || group->size == 1)
        return ANNC_OK;
    ANNC_TRY(compare_programs(group, device));
    print_data(train, NULL, &text);
    ANNC_TRY(compare(group, "data", &text));
    for (uint32_t i = 0; i < count; i++) {
        annc_buffer_format(&text, "network %u\n", i + 1);
        if (candidates[i].network)
            print_options(annc_network_shape(candidates[i].network), &candidates[i].options, &text);
    }
    ANNC_TRY(compare(group, "networks", &text));
out:
    return status;
}

annc_status annc_ranks_check_parameters(annc_group *group, const annc_trainer *trainer, uint32_t epoch)
{
    annc_status status = ANNC_OK;
    struct annc_kept_error error;
    const annc_shape *shape = trainer->job.shape;
    const size_t count = annc_shape_parameters(shape);
    float *theta = NULL;
    char text[96] = "";
    if (!group || group->size == 1)
        return ANNC_OK;
    status = annc_allocate(count, sizeof *theta, "the parameters", (void **)&theta);
    if (status == ANNC_OK)
        status = annc_trainer_fetch_theta(trainer, theta);
    ANNC_TRY(annc_group_agree(group, status));
    snprintf(text, sizeof text, "checksum %08x after epoch %u", (unsigned)checksum(theta, shape), epoch);
    status = annc_group_same(group, "parameters", text);
    if (status == ANNC_INPUT) {
        annc_error_keep(&error);
        status = annc_fail_again(ANNC_DEVICE, &error);
    }
out:
    annc_release(theta);
    return status;
}

annc_status annc_ranks_any(const annc_group *group, bool flag, bool *any)
{
    *any = flag;
    if (!group || group->size == 1)
        return ANNC_OK;
    double number = flag;
    ANNC_RETURN_IF_FAILED(group->sum_numbers(group, &number, 1));
    *any = number > 0;
    return ANNC_OK;
}
