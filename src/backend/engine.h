/* engine.h - the contract of an engine: consecutive whole steps of a job in one call.
 *
 * Operations (backend.h) can do every job. An engine does some of them faster; a backend lists its engines, best first. Asking,
 * preparing and running are separate calls: refuses, seconds and memory look only at what the steps are, and need neither device
 * memory nor data; open prepares; steps runs. */
#ifndef ANNC_BACKEND_ENGINE_H
#define ANNC_BACKEND_ENGINE_H

#include "backend/backend.h"

/* Consecutive minibatch steps of one network. */
struct annc_job {
    /* --- what the steps are */
    const annc_shape *shape;
    uint32_t batch;                        /* examples per minibatch */
    const annc_training_options *training; /* NULL: steps that only go forward and score */
    bool streams;                          /* examples come in windows: the staged arrays change between calls */

    /* --- device memory, the caller's, which stays where it is while an engine is open */
    float *theta;                  /* the parameter block */
    const annc_examples *examples; /* a host struct whose arrays are staged */
    struct annc_cursor *cursor;
    struct annc_score *scores;       /* one per step of the epoch */
    int32_t *predictions;            /* as score takes them, or NULL */
    struct annc_label_values values; /* of the targets */
    const float *weights;            /* of the classes, or NULL */
    const struct annc_rate *rates;   /* one per step of the epoch; NULL: training->eta throughout */
    float *v, *s;                    /* the optimiser's states, in the layout of theta; NULL where the rule has none */

    /* One step of m examples, made of operations, which an engine may record or fall back on. */
    annc_status (*step)(const struct annc_job *job, uint32_t m);
};

/* What a step does with the gradient. */
enum annc_job_kind {
    ANNC_JOB_FORWARD, /* there is none: forward, score */
    ANNC_JOB_DESCENT, /* theta = theta - (eta / m) (sum of dC/dtheta), and nothing else */
    ANNC_JOB_UPDATE,  /* the mean gradient, its penalties, and the update by the rule */
};

/* Whether a training is plain SGD, whose step can be made inside the product of the weight gradient. */
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
    return augmentation->shift > 0 || augmentation->rotation > 0 || augmentation->elastic > 0;
}

static inline struct annc_rule annc_rule_of(const annc_training_options *training)
{
    const struct annc_rule rule = {training->optimiser, (float)training->mu, (float)training->rho,
                                   (float)training->epsilon};
    return rule;
}

/* Floating-point operations of one step: a training has three products per layer, except that the inputs need no error; forward
 * there is one. */
static inline double annc_job_flops(const struct annc_job *job)
{
    double flops = 0;
    for (uint32_t l = 1; l <= job->shape->layers; l++)
        flops += 2.0 * job->shape->width[l] * job->shape->width[l - 1] * (!job->training ? 1 : l == 1 ? 2 : 3);
    return flops * job->batch;
}

struct annc_engine_ops {
    annc_engine kind;
    const char *name, *about; /* "fused"; how it runs the steps, a sentence without its full stop */
    bool of_operations;       /* it runs job->step: an audit of the operations is one of the engine */
    uint32_t most_jobs;       /* that open takes at once: a population of equal shape and batch; 1 for none */

    /* Why it does not take a job (static text, a clause); NULL: it does. */
    const char *(*refuses)(const annc_device *device, const struct annc_job *job);
    /* Seconds per step, measured or modelled. ANNC_DEVICE_AUTO compares devices by it. */
    double (*seconds)(const annc_device *device, const struct annc_job *job);
    /* Bytes of device memory that open takes for n such jobs, as far as they are known before the data are. */
    size_t (*memory)(const annc_device *device, const struct annc_job *job, uint32_t n);
    /* Prepares n jobs that it takes. They and their memory outlive the engine. */
    annc_status (*open)(annc_device *device, struct annc_job *const *jobs, uint32_t n, void **engine);
    /* Runs `count` steps of m examples each from the cursor on: full minibatches, or the last one of an epoch. The parameters and
     * states in the jobs' memory are read at the beginning and up to date at the end. */
    annc_status (*steps)(void *engine, uint32_t m, uint32_t count);
    /* The caller has changed training->eta. */
    annc_status (*changed)(void *engine);
    /* What runs, in more detail than the name ("fused, sparse"): static text. */
    const char *(*describe)(const void *engine);
    void (*close)(void *engine);
};

#endif
