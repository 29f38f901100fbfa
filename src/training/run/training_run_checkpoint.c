/* training_run_checkpoint.c - saves a run to a checkpoint and restores it. */
#include "backend/group.h"
#include "base/clock.h"
#include "base/status.h"
#include "training/run/progress_text.h"
#include "training/run/training_run.h"

#include <stdio.h>
#include <string.h>

static const char MEASURED[] = "annc.measured", BEST[] = "best";

annc_status annc_checkpoint_strip(annc_network *network)
{
    ANNC_REQUIRE(network, "network");
    static const char *const keys[] = {"annc.state",   PROGRESS_KEY,     "annc.run",
                                       "annc.machine", "annc.candidate", MEASURED};
    static const char *const blocks[] = {"first", "second", BEST};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        ANNC_RETURN_IF_FAILED(annc_network_set_block(network, blocks[i], NULL));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        ANNC_RETURN_IF_FAILED(annc_network_set_metadata(network, keys[i], NULL));
    return ANNC_OK;
}

/* Prints the data used for evaluation: losses on other data are not comparable. */
static void print_measured(annc_run *run, char *text, size_t size)
{
    const annc_dataset *const sets[] = {run->options.test, run->options.validation};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i] && run->fingerprint[i] == 0)
            run->fingerprint[i] = annc_dataset_fingerprint(sets[i]);
    snprintf(text, size, "%016llx %016llx", (unsigned long long)run->fingerprint[0],
             (unsigned long long)run->fingerprint[1]);
}

/* Adds to a trainer's checkpoint what belongs to the run. */
static annc_status describe(annc_run *run, annc_network *checkpoint)
{
    char measured[64];
    if (run->options.describe)
        ANNC_RETURN_IF_FAILED(run->options.describe(run->options.context, run, checkpoint));
    ANNC_RETURN_IF_FAILED(annc_progress_write(run->options.folds, &run->state, checkpoint));
    print_measured(run, measured, sizeof measured);
    ANNC_RETURN_IF_FAILED(annc_network_set_metadata(checkpoint, MEASURED, measured));
    if (run->state.best.epoch.epoch > 0)
        ANNC_RETURN_IF_FAILED(annc_network_set_block(checkpoint, BEST, annc_network_parameters(run->network)));
    return ANNC_OK;
}

/* Sets the time of the next checkpoint. */
static void plan_save(annc_run *run)
{
    const double every = run->options.checkpoint_seconds;
    run->due = every > 0 ? annc_now() + every : 0;
}

static annc_status save_here(annc_run *run)
{
    annc_status status = ANNC_OK;
    annc_network *checkpoint = NULL;
    ANNC_TRY(annc_trainer_checkpoint(run->trainer, &checkpoint));
    ANNC_TRY(describe(run, checkpoint));
    ANNC_TRY(annc_model_save(checkpoint, run->options.checkpoint));
    run->state.saved_epochs = run->state.epochs;
out:
    annc_network_free(checkpoint);
    return status;
}

annc_status annc_run_save(annc_run *run)
{
    annc_group *group = run->options.group;
    if (!run->options.checkpoint)
        return ANNC_OK;
    const annc_status saved = annc_group_rank(group) == 0 ? save_here(run) : ANNC_OK;
    plan_save(run);
    return annc_group_agree(group, saved);
}

annc_status annc_run_resume(annc_run *run)
{
    const annc_network *checkpoint = run->options.resume;
    char measured[64];
    const char *then = annc_network_metadata(checkpoint, MEASURED);
    const float *best = annc_network_block(checkpoint, BEST);
    ANNC_RETURN_IF_FAILED(annc_trainer_resume(run->trainer, checkpoint));
    ANNC_RETURN_IF_FAILED(annc_progress_read(checkpoint, run->options.folds != NULL, &run->state));
    if ((run->state.best.epoch.epoch > 0) != (best != NULL))
        return annc_progress_damaged();
    if (best)
        memcpy(annc_network_parameters(run->network), best,
               annc_shape_parameters(annc_network_shape(run->network)) * sizeof *best);
    print_measured(run, measured, sizeof measured);
    if (then && strcmp(then, measured) != 0)
        return annc_fail(ANNC_INPUT, "the checkpoint was saved with other validation or test data");
    run->state.saved_epochs = run->state.epochs;
    plan_save(run);
    return ANNC_OK;
}
