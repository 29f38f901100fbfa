/* runs_together.c - several runs on one device, their steps in one launch where an engine takes
 * several networks.
 *
 * Runs whose trainers fit together form a crew and train epoch by epoch; each evaluates, keeps its
 * best parameters and ends as it does alone. A crew loses the runs that end and goes on. */
#include "training/run/runs_together.h"
#include "base/allocate.h"
#include "training/run/training_run.h"
#include "training/step/crew.h"

#include <string.h>

/* All runs, and the crew of those that train now. */
struct course {
    annc_run *const *runs;
    uint32_t count;
    annc_status *statuses;
    struct annc_kept_error *errors;
    void (*ended)(void *context, uint32_t i);
    void *context;
    bool *is_done;
    uint32_t *member; /* of the crew: indices of runs */
    annc_trainer **trainers;
    struct annc_epoch_result *results;
    struct annc_crew crew;
};

/* Ends run i, whose last step returned `status`. */
static void end_run(struct course *course, uint32_t i, annc_status status)
{
    annc_run *run = course->runs[i];
    status = annc_run_finish(run, status);
    if (status == ANNC_OK)
        status = annc_run_measure_unless_trained(run);
    course->statuses[i] = status;
    if (status != ANNC_OK)
        annc_error_keep(&course->errors[i]);
    course->is_done[i] = true;
    course->ended(course->context, i);
}

/* Ends run i if `status` is a failure, or if no epoch is left. */
static void end_if_over(struct course *course, uint32_t i, annc_status status)
{
    bool over = true;
    if (status == ANNC_OK)
        status = annc_run_is_over(course->runs[i], &over);
    if (over)
        end_run(course, i, status);
}

/* Returns whether any run of the crew pauses. */
static bool any_pauses(void *context)
{
    const struct course *course = context;
    for (uint32_t c = 0; c < course->crew.count; c++)
        if (annc_run_pauses(course->runs[course->member[c]]))
            return true;
    return false;
}

/* After an epoch, or where the crew paused: lets each run count it, save a checkpoint, or end.
 * Returns whether all go on. */
static bool after_steps(struct course *course, annc_status status, const struct annc_kept_error *error)
{
    bool all_go_on = true;
    for (uint32_t c = 0; c < course->crew.count; c++) {
        const uint32_t i = course->member[c];
        annc_run *run = course->runs[i];
        const struct annc_epoch_result *result = &course->results[c];
        run->unfinished = result->report.seconds;
        if (result->status != ANNC_OK)
            end_run(course, i, annc_fail_again(result->status, &result->error));
        else if (status == ANNC_OK)
            end_if_over(course, i, annc_run_count_epoch(run, &result->report));
        else if (status != ANNC_STOPPED || annc_run_ends_now(run))
            end_run(course, i, annc_fail_again(status, error));
        else if (annc_run_pauses(run)) { /* for a checkpoint */
            const annc_status saved = annc_run_save(run);
            if (saved != ANNC_OK)
                end_run(course, i, saved);
        }
        all_go_on = all_go_on && !course->is_done[i];
    }
    return all_go_on;
}

/* Forms a crew of run `first` and those after it that fit; a run that fits nobody is one alone. */
static annc_status form_crew(struct course *course, uint32_t first)
{
    annc_trainer *leader = course->runs[first]->trainer;
    uint32_t count = 0;
    for (uint32_t i = first; i < course->count; i++) {
        if (course->is_done[i] || (i > first && !annc_crew_accepts(leader, course->runs[i]->trainer)))
            continue;
        course->member[count] = i;
        course->trainers[count++] = course->runs[i]->trainer;
    }
    if (count > 1)
        return annc_crew_open(course->trainers, count, &course->crew);
    course->crew = (struct annc_crew){course->trainers, 1, leader->engine_state};
    return ANNC_OK;
}

static void dismiss_crew(struct course *course)
{
    if (course->crew.count > 1)
        annc_crew_close(&course->crew);
    memset(&course->crew, 0, sizeof course->crew);
}

/* Trains the crew of run `first` until one of them ends. A run without a crew ends. */
static void train_crew(struct course *course, uint32_t first)
{
    struct annc_kept_error error;
    const annc_status formed = form_crew(course, first);
    if (formed != ANNC_OK)
        end_run(course, first, formed);
    for (bool all_go_on = formed == ANNC_OK; all_go_on;) {
        const annc_status ran = annc_crew_epoch(&course->crew, any_pauses, course, course->results);
        if (ran != ANNC_OK)
            annc_error_keep(&error);
        all_go_on = after_steps(course, ran, &error);
    }
    dismiss_crew(course);
}

static void train_all(struct course *course)
{
    for (uint32_t i = 0; i < course->count; i++) {
        course->is_done[i] = !course->runs[i];
        if (course->runs[i])
            end_if_over(course, i, annc_run_begin(course->runs[i]));
    }
    for (uint32_t i = 0; i < course->count; i++)
        while (!course->is_done[i])
            train_crew(course, i);
}

annc_status annc_runs_complete(annc_run *const *runs, uint32_t count, annc_status *statuses,
                               struct annc_kept_error *errors, void (*ended)(void *context, uint32_t i), void *context)
{
    annc_status status = ANNC_OK;
    struct course course = {
        .runs = runs, .count = count, .statuses = statuses, .errors = errors, .ended = ended, .context = context};
    ANNC_TRY(annc_allocate(count, sizeof *course.is_done, "the runs", (void **)&course.is_done));
    ANNC_TRY(annc_allocate(count, sizeof *course.member, "the runs", (void **)&course.member));
    ANNC_TRY(annc_allocate(count, sizeof *course.trainers, "the runs", (void **)&course.trainers));
    ANNC_TRY(annc_allocate(count, sizeof *course.results, "the runs", (void **)&course.results));
    train_all(&course);
out:
    annc_release(course.is_done);
    annc_release(course.member);
    annc_release(course.trainers);
    annc_release(course.results);
    return status;
}
