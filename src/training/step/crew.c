/* crew.c - an epoch of minibatch gradient descent, for one trainer or for several whose steps run
 * together. */
#include "training/step/crew.h"
#include "backend/registry.h"
#include "base/allocate.h"
#include "base/clock.h"
#include "base/order.h"
#include "base/status.h"
#include "network/network.h"
#include "network/shape.h"
#include "training/step/feed.h"
#include "training/step/optimisation.h"
#include "training/step/shards.h"

#include <math.h>
#include <string.h>

/* Time between calls of `stop`; in between, the device works without the host. The number of steps
 * per block grows from one up to this time. */
static const double BLOCK_SECONDS = 0.1;

/* ---------------------------------------------------------------- an epoch */

/* The progress of a crew's pass through the examples, or through its remainder. */
struct course {
    const struct annc_crew *crew;
    annc_trainer *first;     /* of the crew; alone if examples stream or there are several ranks */
    struct annc_order order; /* of the first trainer */
    bool (*stop)(void *context);
    void *context;
    uint32_t begin; /* position of the first example */
    uint32_t done;  /* completed steps of the epoch */
};

/* for (uint32_t i : all trainers of a course) */
#define FOR_CREW(i, course) for (uint32_t i = 0; i < (course)->crew->count; i++)

/* Runs `count` steps of m examples, by the engine or by operations. */
static annc_status run_steps(const struct course *course, uint32_t m, uint32_t count)
{
    annc_status status = ANNC_OK;
    if (course->first->engine)
        return course->first->engine->steps(course->crew->engine_state, m, count);
    for (uint32_t i = 0; i < count; i++)
        ANNC_TRY(course->first->job.step(&course->first->job, m));
out:
    return status;
}

/* Returns the index of the epoch's step `first` in the device's cursor, scores and rates: the same,
 * or relative to the window if examples stream. */
static uint32_t step_on_device(const annc_trainer *trainer, uint32_t first)
{
    return trainer->feed.streams ? 0 : first;
}

/* Returns the examples that the device has at a time. */
static uint32_t window_of(const annc_trainer *trainer)
{
    return trainer->feed.streams ? trainer->feed.window : trainer->count;
}

/* Uploads a cursor at example `first` of the epoch, with this rank's rows of minibatches of m: in
 * the epoch's order, or, if examples stream, in the window's own. A rank without rows takes the
 * first example that it has. */
static annc_status send_cursor(annc_trainer *trainer, const struct course *course, uint32_t first, uint32_t m)
{
    const uint32_t batch = trainer->options.batch, step = step_on_device(trainer, course->done);
    const struct annc_share rows = annc_group_share(&trainer->group, m);
    struct annc_cursor cursor;
    memset(&cursor, 0, sizeof cursor);
    if (rows.count == 0) {
        cursor.order = annc_order_sequential(1);
        cursor.row = 0 - step * batch;
    } else if (trainer->feed.streams) {
        cursor.order = annc_order_sequential(trainer->feed.window);
    } else {
        cursor.order = annc_order_shuffled(trainer->count, trainer->options.seed, trainer->epoch - 1);
        cursor.order.shards = annc_shards_of(&trainer->options);
        cursor.held = trainer->held;
        cursor.row = rows.first;
    }
    cursor.batch = batch;
    cursor.step = cursor.next = step;
    cursor.first = (uint64_t)(trainer->epoch - 1) * trainer->count + first - (uint64_t)step * batch;
    return trainer->device->backend->upload(trainer->device, trainer->job.cursor, &cursor, sizeof cursor);
}

static annc_status begin_window(const struct course *course, uint32_t first, uint32_t count)
{
    annc_status status = ANNC_OK;
    FOR_CREW(i, course)
    {
        annc_trainer *trainer = course->crew->trainers[i];
        const uint32_t batch = trainer->options.batch, step = step_on_device(trainer, course->done);
        ANNC_TRY(annc_feed_advance(&trainer->feed, count));
        ANNC_TRY(
            annc_optimisation_send_rates(&trainer->optimisation, course->done - step, step + (count - 1) / batch + 1));
        ANNC_TRY(send_cursor(trainer, course, first, batch));
    }
out:
    return status;
}

/* Returns the status of steps that ended with `status`; says where they stopped. */
static annc_status stopped_at(const struct course *course, annc_status status)
{
    return status != ANNC_STOPPED ? status
                                  : annc_fail(status, "stopped in epoch %u after step %u of %u", course->first->epoch,
                                              course->done, course->first->steps);
}

/* Calls `stop` at intervals and adapts the number of steps per block to them. */
static annc_status ask_for_stop(const struct course *course, double start)
{
    annc_status status = ANNC_OK;
    annc_trainer *trainer = course->first;
    ANNC_TRY(trainer->device->backend->synchronise(trainer->device));
    FOR_CREW(i, course)
    course->crew->trainers[i]->asked = course->done;
    /* All ranks stop together, and have blocks of the same length. */
    double wish[] = {course->stop(course->context), trainer->group.rank == 0 ? annc_now() - start : 0};
    if (trainer->group.size > 1)
        ANNC_TRY(trainer->group.sum_numbers(&trainer->group, wish, sizeof wish / sizeof *wish));
    if (wish[0] > 0)
        return stopped_at(course, ANNC_STOPPED);
    const double seconds = wish[1];
    if (seconds < BLOCK_SECONDS / 2 && trainer->block < UINT32_MAX / 2)
        trainer->block *= 2;
    else if (seconds > BLOCK_SECONDS * 2 && trainer->block > 1)
        trainer->block /= 2;
out:
    return status;
}

/* Runs all steps of a window of `count` examples, in blocks that are whole ones of the engine. */
static annc_status run_window(struct course *course, uint32_t count)
{
    annc_status status = ANNC_OK;
    annc_trainer *trainer = course->first;
    const uint32_t batch = trainer->options.batch, full = count / batch, ragged = count % batch;
    for (uint32_t done = 0; done < full;) {
        const uint32_t block =
            annc_trainer_asks_within(trainer, batch) ? 1 : annc_whole_blocks(trainer->engine, trainer->block);
        const uint32_t steps = course->stop && full - done > block ? block : full - done;
        const double start = annc_now();
        ANNC_TRY(stopped_at(course, run_steps(course, batch, steps)));
        done += steps;
        course->done += steps;
        if (course->stop)
            ANNC_TRY(ask_for_stop(course, start));
    }
    if (ragged > 0) {
        if (trainer->group.size > 1)
            ANNC_TRY(send_cursor(trainer, course, course->done * batch, ragged));
        ANNC_TRY(stopped_at(course, run_steps(course, ragged, 1)));
        course->done++;
    }
out:
    return status;
}

/* Adds the scores of all ranks, in place. */
static annc_status sum_over_ranks(annc_trainer *trainer, uint32_t before, uint32_t done)
{
    enum { NUMBERS = 3 };
    annc_status status = ANNC_OK;
    const struct annc_group *group = &trainer->group;
    const uint32_t n = trainer->count, batch = trainer->options.batch;
    double *numbers = NULL;
    ANNC_TRY(annc_allocate(done, NUMBERS * sizeof *numbers, "the scores", (void **)&numbers));
    for (uint32_t s = 0; s < done; s++) {
        const uint32_t left = n - (before + s) * batch;
        const struct annc_score *score = &trainer->scores[s];
        if (annc_group_share(group, left < batch ? left : batch).count == 0)
            continue; /* this rank's row did not count */
        numbers[NUMBERS * s] = score->cost;
        numbers[NUMBERS * s + 1] = score->correct;
        numbers[NUMBERS * s + 2] = score->examples;
    }
    ANNC_TRY(group->sum_numbers(group, numbers, (size_t)done * NUMBERS));
    for (uint32_t s = 0; s < done; s++)
        trainer->scores[s] = (struct annc_score){.cost = numbers[NUMBERS * s],
                                                 .correct = (uint32_t)numbers[NUMBERS * s + 1],
                                                 .examples = (uint32_t)numbers[NUMBERS * s + 2]};
out:
    annc_release(numbers);
    return status;
}

/* Downloads the scores of a window's steps and sums them in order; `before` steps of the epoch
 * precede them. */
static annc_status sum_scores(annc_trainer *trainer, uint32_t before, uint32_t done)
{
    annc_status status = ANNC_OK;
    annc_epoch *report = &trainer->report;
    ANNC_TRY(trainer->device->backend->download(trainer->device, trainer->scores,
                                                trainer->job.scores + step_on_device(trainer, before),
                                                done * sizeof *trainer->scores));
    if (trainer->group.size > 1)
        ANNC_TRY(sum_over_ranks(trainer, before, done));
    for (uint32_t s = 0; s < done; s++) {
        const struct annc_score *score = &trainer->scores[s];
        if (!isfinite(score->cost))
            return annc_fail(ANNC_DIVERGED,
                             "diverged: in epoch %u the cost is no longer finite at step %u of %u (learning rate %g, "
                             "largest |input| %g); "
                             "scale the data or lower " ANNC_FIELD_ETA,
                             trainer->epoch, before + s + 1, trainer->steps, trainer->options.eta,
                             (double)trainer->largest_input);
        report->loss += score->cost / score->examples;
        report->correct += score->correct;
        report->examples += score->examples;
    }
    report->steps = before + done;
out:
    return status;
}

/* Sums the scores of each trainer; whether one diverged does not matter to the others. */
static void sum_all_scores(const struct course *course, uint32_t before, struct annc_epoch_result *results)
{
    FOR_CREW(i, course)
    {
        results[i].status = sum_scores(course->crew->trainers[i], before, course->done - before);
        if (results[i].status != ANNC_OK)
            annc_error_keep(&results[i].error);
    }
}

/* Trains on a window; meanwhile the next one is gathered and copied. */
static annc_status train_window(struct course *course, uint32_t first, struct annc_epoch_result *results)
{
    annc_status status = ANNC_OK;
    struct annc_kept_error stopped;
    struct annc_feed *feed = &course->first->feed;
    const uint32_t n = course->first->count, window = window_of(course->first);
    const uint32_t count = n - first < window ? n - first : window;
    const uint32_t left = n - first - count, before = course->done;
    if (first == course->begin)
        ANNC_TRY(annc_feed_fill(feed, &course->order, first, count));
    ANNC_TRY(begin_window(course, first, count));
    const annc_status ran = run_window(course, count);
    if (ran != ANNC_OK && ran != ANNC_STOPPED)
        return ran;
    if (ran != ANNC_OK)
        annc_error_keep(&stopped);
    if (left > 0 && ran == ANNC_OK)
        ANNC_TRY(annc_feed_fill(feed, &course->order, first + count, left < window ? left : window));
    sum_all_scores(course, before, results);
    status = ran == ANNC_OK ? ANNC_OK : annc_fail_again(ran, &stopped);
out:
    return status;
}

/* Begins an epoch, unless the previous one is incomplete. */
static void begin_epoch(annc_trainer *trainer)
{
    if (trainer->epoch == 0 || trainer->report.steps == trainer->steps) {
        memset(&trainer->report, 0, sizeof trainer->report);
        trainer->report.epoch = ++trainer->epoch;
    }
    annc_optimisation_begin_epoch(&trainer->optimisation, trainer->epoch - 1);
}

/* Returns whether each trainer's scores are finite. */
static bool all_are_finite(const struct annc_crew *crew, const struct annc_epoch_result *results)
{
    bool finite = true;
    for (uint32_t i = 0; i < crew->count; i++)
        finite = finite && results[i].status == ANNC_OK;
    return finite;
}

annc_status annc_crew_epoch(const struct annc_crew *crew, bool (*stop)(void *context), void *context,
                            struct annc_epoch_result *results)
{
    annc_status status = ANNC_OK;
    const double start = annc_now();
    annc_trainer *trainer = crew->trainers[0];
    const uint32_t n = trainer->count, window = window_of(trainer);
    for (uint32_t i = 0; i < crew->count; i++) {
        begin_epoch(crew->trainers[i]);
        results[i].status = ANNC_OK;
    }
    struct course course = {
        .crew = crew, .first = trainer, .stop = stop, .context = context, .done = trainer->report.steps};
    course.begin = course.done * trainer->options.batch;
    course.order = annc_order_shuffled(n, trainer->options.seed, trainer->epoch - 1);
    for (uint32_t first = course.begin; first < n && status == ANNC_OK && all_are_finite(crew, results);
         first = n - first < window ? n : first + window)
        status = train_window(&course, first, results);
    if (status == ANNC_STOPPED && course.done == trainer->steps)
        status = ANNC_OK;                        /* stopped after the last step */
    for (uint32_t i = 0; i < crew->count; i++) { /* each has its share of the time */
        annc_trainer *each = crew->trainers[i];
        each->report.seconds += (annc_now() - start) / crew->count;
        if (course.done > 0)
            each->report.rate = annc_optimisation_rate(&each->optimisation, course.done - 1);
        results[i].report = each->report;
    }
    return status;
}

annc_status annc_trainer_epoch(annc_trainer *trainer, bool (*stop)(void *context), void *context, annc_epoch *report)
{
    ANNC_REQUIRE(trainer, "trainer");
    ANNC_REQUIRE(report, "report");
    ANNC_RETURN_IF_FAILED(annc_device_check(trainer->device));
    const struct annc_crew alone = {&trainer, 1, trainer->engine_state};
    struct annc_epoch_result result;
    const annc_status status = annc_crew_epoch(&alone, stop, context, &result);
    *report = result.report;
    return result.status == ANNC_OK ? status : annc_fail_again(result.status, &result.error);
}

/* ---------------------------------------------------------------- crews */

bool annc_crew_accepts(const annc_trainer *first, const annc_trainer *other)
{
    return first->engine && first->engine == other->engine && first->engine->most_jobs > 1 &&
           first->device == other->device && first->options.batch == other->options.batch &&
           first->steps == other->steps && first->report.steps == other->report.steps &&
           first->feed.staged.type == other->feed.staged.type &&
           !first->options.objective.class_weights == !other->options.objective.class_weights &&
           (first->options.objective.dropout > 0) == (other->options.objective.dropout > 0) &&
           annc_shape_is_same(first->job.shape, other->job.shape);
}

annc_status annc_crew_open(annc_trainer *const *trainers, uint32_t count, struct annc_crew *crew)
{
    annc_status status = ANNC_OK;
    struct annc_job **jobs = NULL;
    *crew = (struct annc_crew){.trainers = trainers, .count = count};
    ANNC_TRY(annc_allocate(count, sizeof(struct annc_job *), "a crew", (void **)&jobs));
    for (uint32_t i = 0; i < count; i++)
        jobs[i] = &trainers[i]->job;
    ANNC_TRY(trainers[0]->engine->open(trainers[0]->device, jobs, count, &crew->engine_state));
out:
    annc_release(jobs);
    return status;
}

void annc_crew_close(struct annc_crew *crew)
{
    if (crew->engine_state)
        crew->trainers[0]->engine->close(crew->engine_state);
    crew->engine_state = NULL;
}
