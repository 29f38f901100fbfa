/* engine.h - the interface of an engine: consecutive whole steps of a job in one call.
 *
 * The operations of backend.h can run every job. An engine runs some jobs faster; of those that
 * accept a job, the one with the least seconds per step runs it. Queries, preparation and steps are
 * separate calls: refuses, seconds and memory depend only on the description of the steps and need
 * neither device memory nor data; open prepares; steps runs. */
#ifndef ANNC_BACKEND_ENGINE_H
#define ANNC_BACKEND_ENGINE_H

#include "backend/backend.h"
#include "backend/group.h"

/* Consecutive minibatch steps of one network. */
struct annc_job {
    /* --- description of the steps */
    const annc_shape *shape;
    uint32_t batch;                        /* examples per minibatch */
    const annc_training_options *training; /* NULL: steps of forward and score only */
    uint32_t rows, columns;                /* of an augmented image; 0 where the data are not known yet */
    /* Examples come in windows: staged arrays change between calls. */
    bool streams;
    /* The ranks that train together; NULL = this one alone. */
    const struct annc_group *group;

    /* --- device memory of the caller, fixed while an engine is open */
    float *theta;                  /* the parameter block */
    const annc_examples *examples; /* a host struct whose arrays are staged */
    struct annc_cursor *cursor;
    struct annc_score *scores;       /* one per step of the epoch */
    int32_t *predictions;            /* as in score, or NULL */
    struct annc_label_values values; /* of the targets */
    const float *weights;            /* of the classes, or NULL */
    const struct annc_rate *rates;   /* one per step of the epoch; NULL = training->eta */
    float *v, *s;                    /* the optimiser's states, in theta's layout; NULL without */

    /* One step of m examples by operations; engines may record it or fall back on it. */
    annc_status (*step)(const struct annc_job *job, uint32_t m);
};

/* The use that a step makes of the gradient. */
enum annc_job_kind {
    ANNC_JOB_FORWARD, /* no gradient: forward, score */
    ANNC_JOB_DESCENT, /* theta = theta - (eta / m) (sum of dC/dtheta) only */
    ANNC_JOB_UPDATE,  /* mean gradient, penalties, update by the rule */
};

/* Returns whether a training is plain SGD, whose step the weight-gradient product can include. */
static inline bool annc_is_plain_sgd(const annc_training_options *training)
{
    return training->optimiser == ANNC_SGD && training->decay == 0 && training->clip == 0 && training->max_norm == 0 &&
           training->objective.l2 == 0 && training->objective.l1 == 0;
}

static inline enum annc_job_kind annc_job_kind_of(const struct annc_job *job)
{
    return !job->training ? ANNC_JOB_FORWARD : annc_is_plain_sgd(job->training) ? ANNC_JOB_DESCENT : ANNC_JOB_UPDATE;
}

static inline bool annc_moves_images(const annc_augmentation *augmentation)
{
    return augmentation->shift > 0 || augmentation->rotation > 0 || augmentation->elastic > 0 || augmentation->zoom > 0;
}

static inline struct annc_rule annc_rule_of(const annc_training_options *training)
{
    const struct annc_rule rule = {training->optimiser, (float)training->mu, (float)training->rho,
                                   (float)training->epsilon};
    return rule;
}

/* Returns floating-point operations of one step: training needs three products per layer, except
 * that the first layer needs no error of the inputs; forward needs one. */
static inline double annc_job_flops(const struct annc_job *job)
{
    double flops = 0;
    for (uint32_t l = 1; l <= job->shape->layers; l++)
        flops += 2.0 * job->shape->width[l] * job->shape->width[l - 1] * (!job->training ? 1 : l == 1 ? 2 : 3);
    return flops * job->batch;
}

struct annc_engine_ops {
    annc_engine kind;
    const char *name, *about; /* "fused"; its method, a sentence without full stop */
    bool of_operations;       /* it runs job->step: auditing the operations audits the engine */
    /* It takes fewer inputs that are no bytes, or none, and so may refuse a job once its data are known. */
    bool of_bytes;
    /* Largest number of jobs for open, a population of equal shape and batch; 1 = one job. */
    uint32_t most_jobs;
    /* Steps of a block. A run stops, stores and resumes after whole blocks, or after the last full
     * minibatch of an epoch: the bits do not depend on the calls that end there. 1 = after any
     * step. */
    uint32_t block;
    /* Returns how many multiprocessors each of several jobs takes; NULL = one. */
    uint32_t (*multiprocessors)(const struct annc_job *job);

    /* Returns the reason to reject a job (static text, a clause), or NULL to accept it. The job's
     * examples are NULL where the data are not known yet; where they are, they count. */
    const char *(*refuses)(const annc_device *device, const struct annc_job *job);
    /* Returns seconds per step, measured or modelled. ANNC_DEVICE_AUTO compares devices by it. */
    double (*seconds)(const annc_device *device, const struct annc_job *job);
    /* Returns the bytes of device memory that open takes for n such jobs, as far as known without
     * data. */
    size_t (*memory)(const annc_device *device, const struct annc_job *job, uint32_t n);
    /* Prepares n accepted jobs. They and their memory outlive the engine. */
    annc_status (*open)(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine);
    /* Runs `count` steps of m examples each from the cursor on: full minibatches, or the last one
     * of an epoch. Reads parameters and states from the jobs' memory at the start and has written
     * them back at the end. */
    annc_status (*steps)(void *engine, uint32_t m, uint32_t count);
    /* Call after a change of training->eta. */
    annc_status (*changed)(void *engine);
    /* Returns a more detailed name ("fused, sparse"): static text. */
    const char *(*describe)(const void *engine);
    void (*close)(void *engine);
};

/* Returns `steps`, above 0, rounded up to whole blocks of an engine (NULL: the operations). */
static inline uint32_t annc_whole_blocks(const struct annc_engine_ops *engine, uint32_t steps)
{
    const uint32_t block = engine ? engine->block : 1, blocks = (steps - 1) / block + 1;
    return blocks > UINT32_MAX / block ? UINT32_MAX / block * block : blocks * block;
}

#endif
