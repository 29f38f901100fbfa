/* hand_out.c - hands out the candidates of a sweep to threads and ranks.
 *
 * Every message of a rank to rank 0 has a reply, for which the rank waits: neither waits for the
 * other at the same time. */
#include "training/sweep/hand_out.h"
#include "backend/group.h"
#include "base/allocate.h"
#include "base/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Nanoseconds: between two looks for messages, which double from the least to the most while none
 * comes; between two messages of a rank whose workers are busy, by which it learns of a stop. */
enum { LEAST_NAP = 50000, MOST_NAP = 1000000, BEAT = 100000000, SECOND = 1000000000 };

enum message_kind { TAKE, RESULT, BUSY, LEAVE };

/* A worker without candidates, which waits for the answer. */
struct annc_wish {
    struct annc_wish *next;
    uint32_t most, first, count;
    bool is_answered;
};

/* A candidate that has ended on another rank than 0. */
struct annc_ended {
    uint32_t candidate;
    struct annc_kept_error *error; /* NULL without one, or without memory for it */
};

struct message {
    enum message_kind kind;
    bool is_stopped;
    uint32_t most;      /* of TAKE */
    uint32_t candidate; /* of RESULT, as all below; the parameters follow */
    annc_status status;
    char engine[sizeof((annc_candidate *)NULL)->engine];
    struct annc_kept_error error;
    annc_run_state result;
};

struct reply {
    uint32_t first, count; /* to TAKE */
    bool is_stopped;
};

annc_status annc_hand_out_open(struct annc_hand_out *out)
{
    pthread_mutex_init(&out->mutex, NULL);
    pthread_cond_init(&out->changed, NULL);
    out->others = out->group->size - 1;
    if (out->group->rank == 0)
        return ANNC_OK;
    return annc_allocate(out->count, sizeof *out->ended, "the sweep", (void **)&out->ended);
}

void annc_hand_out_close(struct annc_hand_out *out)
{
    for (uint32_t i = 0; i < out->ready; i++)
        annc_release(out->ended[i].error);
    annc_release(out->ended);
    pthread_cond_destroy(&out->changed);
    pthread_mutex_destroy(&out->mutex);
}

bool annc_hand_out_is_stopped(struct annc_hand_out *out)
{
    if (out->stop && out->stop(out->context))
        __atomic_store_n(&out->is_stopped, true, __ATOMIC_RELAXED);
    return __atomic_load_n(&out->is_stopped, __ATOMIC_RELAXED);
}

/* ---------------------------------------------------------------- workers */

/* Takes candidates on rank 0; the caller holds the mutex. A device that trains many at once gets no
 * more than an equal share of those left. */
static uint32_t take_left(struct annc_hand_out *out, uint32_t most, uint32_t *first)
{
    while (out->next < out->count && out->candidates[out->next].is_complete)
        out->next++;
    const uint32_t left = out->count - out->next, share = (left + out->group->size - 1) / out->group->size;
    *first = out->next;
    if (annc_hand_out_is_stopped(out))
        return 0;
    most = most < share ? most : share;
    while (out->next - *first < most && !out->candidates[out->next].is_complete)
        out->next++;
    return out->next - *first;
}

uint32_t annc_hand_out_take(struct annc_hand_out *out, uint32_t most, uint32_t *first)
{
    struct annc_wish wish = {.most = most};
    pthread_mutex_lock(&out->mutex);
    if (out->group->rank == 0) {
        wish.count = take_left(out, most, &wish.first);
    } else {
        wish.next = out->wishes;
        /* Nobody reads it after the wait: it is answered, or annc_hand_out_serve has ended. */
        /* cppcheck-suppress autoVariables */
        out->wishes = &wish;
        pthread_cond_broadcast(&out->changed);
        while (!wish.is_answered && !out->has_failed)
            pthread_cond_wait(&out->changed, &out->mutex);
    }
    pthread_mutex_unlock(&out->mutex);
    *first = wish.first;
    return wish.count;
}

/* Puts a candidate among those whose results are to be sent, with this thread's error if it has
 * failed; the caller holds the mutex. */
static void add_ended(struct annc_hand_out *out, uint32_t candidate)
{
    struct annc_kept_error kept, *error = NULL;
    annc_error_keep(&kept);
    if (out->candidates[candidate].status != ANNC_OK &&
        annc_allocate(1, sizeof *error, "an error", (void **)&error) == ANNC_OK)
        *error = kept;
    out->ended[out->ready++] = (struct annc_ended){candidate, error};
    pthread_cond_broadcast(&out->changed);
}

void annc_hand_out_ended(struct annc_hand_out *out, uint32_t candidate)
{
    pthread_mutex_lock(&out->mutex);
    if (out->group->rank > 0)
        add_ended(out, candidate);
    else if (out->done)
        out->done(out->context, candidate);
    pthread_mutex_unlock(&out->mutex);
}

void annc_hand_out_leave(struct annc_hand_out *out)
{
    pthread_mutex_lock(&out->mutex);
    out->workers--;
    pthread_cond_broadcast(&out->changed);
    pthread_mutex_unlock(&out->mutex);
}

/* ---------------------------------------------------------------- messages */

/* Waits for a message of any rank, without using a processor. */
static annc_status wait_for_message(const struct annc_group *group, uint32_t *from)
{
    struct timespec nap = {.tv_nsec = LEAST_NAP};
    for (;;) {
        ANNC_RETURN_IF_FAILED(group->find_message(group, from));
        if (*from < group->size)
            return ANNC_OK;
        nanosleep(&nap, NULL);
        nap.tv_nsec = nap.tv_nsec < MOST_NAP / 2 ? 2 * nap.tv_nsec : MOST_NAP;
    }
}

/* Returns the bytes of a candidate's parameters. */
static size_t parameter_bytes(const annc_candidate *candidate)
{
    return candidate->network ? annc_shape_parameters(annc_network_shape(candidate->network)) * sizeof(float) : 0;
}

/* Receives on rank 0 what belongs to a result, and reports it. */
static annc_status receive_result(struct annc_hand_out *out, uint32_t from, const struct message *message)
{
    annc_candidate *candidate = &out->candidates[message->candidate];
    candidate->status = message->status;
    memcpy(candidate->engine, message->engine, sizeof candidate->engine);
    candidate->result = message->result;
    if (candidate->network)
        ANNC_RETURN_IF_FAILED(out->group->receive(out->group, from, annc_network_parameters(candidate->network),
                                                  parameter_bytes(candidate)));
    if (candidate->status != ANNC_OK) {
        annc_fail_again(candidate->status, &message->error);
        snprintf(candidate->reason, sizeof candidate->reason, "%s", annc_last_error());
    }
    annc_hand_out_ended(out, message->candidate);
    return ANNC_OK;
}

/* Receives a message on rank 0 and replies. */
static annc_status serve_message(struct annc_hand_out *out, uint32_t from)
{
    struct message message;
    struct reply reply = {.count = 0};
    ANNC_RETURN_IF_FAILED(out->group->receive(out->group, from, &message, sizeof message));
    if (message.is_stopped)
        __atomic_store_n(&out->is_stopped, true, __ATOMIC_RELAXED);
    if (message.kind == RESULT)
        ANNC_RETURN_IF_FAILED(receive_result(out, from, &message));
    pthread_mutex_lock(&out->mutex);
    if (message.kind == TAKE)
        reply.count = take_left(out, message.most, &reply.first);
    if (message.kind == LEAVE)
        out->others--;
    pthread_mutex_unlock(&out->mutex);
    reply.is_stopped = annc_hand_out_is_stopped(out);
    return out->group->send(out->group, from, &reply, sizeof reply);
}

/* Sends a message to rank 0, with the result of a candidate, and waits for the reply. */
static annc_status ask(struct annc_hand_out *out, struct message *message, struct reply *reply)
{
    const struct annc_group *group = out->group;
    const annc_candidate *candidate = &out->candidates[message->candidate];
    uint32_t from;
    message->is_stopped = annc_hand_out_is_stopped(out);
    ANNC_RETURN_IF_FAILED(group->send(group, 0, message, sizeof *message));
    if (message->kind == RESULT && candidate->network)
        ANNC_RETURN_IF_FAILED(
            group->send(group, 0, annc_network_parameters_const(candidate->network), parameter_bytes(candidate)));
    ANNC_RETURN_IF_FAILED(wait_for_message(group, &from));
    ANNC_RETURN_IF_FAILED(group->receive(group, from, reply, sizeof *reply));
    if (reply->is_stopped)
        __atomic_store_n(&out->is_stopped, true, __ATOMIC_RELAXED);
    return ANNC_OK;
}

static annc_status send_result(struct annc_hand_out *out, const struct annc_ended *ended)
{
    const annc_candidate *candidate = &out->candidates[ended->candidate];
    struct message message;
    struct reply reply;
    memset(&message, 0, sizeof message);
    message.kind = RESULT;
    message.candidate = ended->candidate;
    message.status = candidate->status;
    if (ended->error)
        message.error = *ended->error;
    memcpy(message.engine, candidate->engine, sizeof message.engine);
    message.result = candidate->result;
    return ask(out, &message, &reply);
}

static annc_status send_notice(struct annc_hand_out *out, enum message_kind kind)
{
    struct message message;
    struct reply reply;
    memset(&message, 0, sizeof message);
    message.kind = kind;
    return ask(out, &message, &reply);
}

/* Asks rank 0 for candidates for a worker; without an answer there are none. */
static annc_status send_wish(struct annc_hand_out *out, struct annc_wish *wish)
{
    struct message message;
    struct reply reply = {.count = 0};
    memset(&message, 0, sizeof message);
    message.kind = TAKE;
    message.most = wish->most;
    const annc_status status = ask(out, &message, &reply);
    pthread_mutex_lock(&out->mutex);
    wish->first = reply.first;
    wish->count = reply.count;
    wish->is_answered = true;
    pthread_cond_broadcast(&out->changed);
    pthread_mutex_unlock(&out->mutex);
    return status;
}

/* What the main thread of a rank does next. */
struct duty {
    enum message_kind kind;
    struct annc_wish *wish;
    struct annc_ended ended;
};

/* Waits until a worker has a result or a wish, or all have left; but no longer than BEAT. */
static struct duty next_duty(struct annc_hand_out *out)
{
    struct duty duty = {.kind = BUSY};
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += BEAT;
    until.tv_sec += until.tv_nsec / SECOND;
    until.tv_nsec %= SECOND;
    pthread_mutex_lock(&out->mutex);
    while (out->sent == out->ready && !out->wishes && out->workers > 0 && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&out->changed, &out->mutex, &until);
    if (out->sent < out->ready) {
        duty.kind = RESULT;
        duty.ended = out->ended[out->sent++];
    } else if (out->wishes) {
        duty.kind = TAKE;
        duty.wish = out->wishes;
        out->wishes = duty.wish->next;
    } else if (out->workers == 0) {
        duty.kind = LEAVE;
    }
    pthread_mutex_unlock(&out->mutex);
    return duty;
}

static annc_status do_duty(struct annc_hand_out *out, const struct duty *duty)
{
    switch (duty->kind) {
    case RESULT:
        return send_result(out, &duty->ended);
    case TAKE:
        return send_wish(out, duty->wish);
    default:
        return send_notice(out, duty->kind);
    }
}

/* Lets no worker wait for an answer that does not come. */
static void release_workers(struct annc_hand_out *out)
{
    pthread_mutex_lock(&out->mutex);
    out->has_failed = true;
    __atomic_store_n(&out->is_stopped, true, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&out->changed);
    pthread_mutex_unlock(&out->mutex);
}

annc_status annc_hand_out_serve(struct annc_hand_out *out)
{
    annc_status status = ANNC_OK;
    struct duty duty = {.kind = BUSY};
    uint32_t from;
    while (out->group->rank == 0 && out->others > 0 && status == ANNC_OK) {
        status = wait_for_message(out->group, &from);
        if (status == ANNC_OK)
            status = serve_message(out, from);
    }
    while (out->group->rank > 0 && duty.kind != LEAVE && status == ANNC_OK) {
        duty = next_duty(out);
        status = do_duty(out, &duty);
    }
    if (status != ANNC_OK)
        release_workers(out);
    return status;
}
