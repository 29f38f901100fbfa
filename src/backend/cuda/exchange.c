/* exchange.c - sums over the GPUs of several ranks, by NCCL, in a stream of their own.
 *
 * The order in which NCCL's own sums add depends on its version and on how the GPUs are connected.
 * Here NCCL only sends: each rank adds up the part of the values that it owns, in the order of the
 * ranks, and sends the sums to all, as group_mpi.c does in host memory, with the same bits. Every
 * rank sends and receives 2 (N - 1) / N of the values, as in NCCL's ring. */
#include "backend/cuda/exchange.h"
#include "backend/cuda/cuda_device.h"
#include "backend/cuda/nccl.h"
#include "backend/group.h"
#include "base/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values are summed in pieces of this many, of 64 MiB; the simulated device has smaller ones. */
#ifndef ANNC_EXCHANGE_PIECE
#define ANNC_EXCHANGE_PIECE (1 << 24)
#endif
/* Parts of a piece begin where four values can be loaded at once. */
enum { PIECE = ANNC_EXCHANGE_PIECE, ALIGNMENT = 4 };

struct annc_exchange {
    struct annc_nccl nccl;
    annc_nccl_comm comm;
    uint32_t rank, size;
    bool has_failed;
    cudaStream_t stream;
    cudaEvent_t computed, summed; /* values are there, and their sums */
    float *parts;                 /* the own part of a piece, as each rank has it */
};

/* What ranks must know of each other before they connect. */
struct partner {
    int32_t version; /* of NCCL; 0 without it */
    bool is_off, has_identity;
    char identity[16]; /* of the GPU */
};

/* The first rank's result and identity of the connection. */
struct ticket {
    int32_t result;
    struct annc_nccl_id id;
};

static annc_status nccl_failed(const annc_device *device, const struct annc_nccl *nccl, int result, const char *call)
{
    cudaGetLastError(); /* NCCL may leave one */
    return device->host->fail(ANNC_DEVICE, "NCCL: %s in %s, on %s (NCCL_DEBUG=WARN tells more)",
                              nccl->error_string(result), call, device->info.name);
}

/* ---------------------------------------------------------------- connecting */

static annc_status introduce(annc_device *device, const struct annc_nccl *nccl, struct partner *own)
{
    annc_status status = ANNC_OK;
    static const char none[sizeof own->identity] = {0};
    struct cudaDeviceProp properties;
    const char *wanted = getenv("ANNC_NCCL");
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaGetDeviceProperties(&properties, annc_cuda(device)->index));
    memcpy(own->identity, &properties.uuid, sizeof own->identity);
    own->has_identity = memcmp(own->identity, none, sizeof none) != 0;
    own->version = nccl->version;
    own->is_off = wanted && strcmp(wanted, "off") == 0;
out:
    return status;
}

/* Writes why a rank cannot exchange with the ranks before it; returns whether there is a reason. */
static bool find_obstacle_of(const struct partner *partners, uint32_t rank, char *why, size_t size)
{
    const struct partner *own = &partners[rank];
    if (own->is_off)
        return snprintf(why, size, "ANNC_NCCL=off") > 0;
    if (!own->has_identity)
        return snprintf(why, size, "rank %u has a simulated device", rank) > 0;
    if (own->version == 0)
        return snprintf(why, size, "rank %u finds no libnccl.so.2 (2.9 or newer)", rank) > 0;
    if (own->version != partners[0].version)
        return snprintf(why, size, "ranks 0 and %u have different versions of NCCL", rank) > 0;
    for (uint32_t r = 0; r < rank; r++)
        if (memcmp(own->identity, partners[r].identity, sizeof own->identity) == 0)
            return snprintf(why, size, "ranks %u and %u use the same GPU", r, rank) > 0;
    return false;
}

/* Says how the ranks exchange; returns whether NCCL can. All ranks decide alike. */
static bool can_exchange(annc_device *device, const struct partner *partners, uint32_t size)
{
    char why[80];
    const int version = partners[0].version;
    for (uint32_t r = 0; r < size; r++)
        if (find_obstacle_of(partners, r, why, sizeof why)) {
            snprintf(device->exchange, sizeof device->exchange, "in the host's memory: %s", why);
            return false;
        }
    snprintf(device->exchange, sizeof device->exchange, "by NCCL %d.%d.%d", version / 10000, version / 100 % 100,
             version % 100);
    return true;
}

static annc_status open_exchange(annc_device *device, const struct annc_group *group, struct annc_exchange *exchange)
{
    annc_status status = ANNC_OK;
    const struct annc_nccl *nccl = &exchange->nccl;
    struct ticket ticket;
    int result;
    memset(&ticket, 0, sizeof ticket);
    exchange->rank = group->rank;
    exchange->size = group->size;
    if (group->rank == 0)
        ticket.result = nccl->get_unique_id(&ticket.id);
    ANNC_TRY(group->broadcast(group, 0, &ticket, sizeof ticket));
    if (ticket.result != ANNC_NCCL_SUCCESS)
        return nccl_failed(device, nccl, ticket.result, "ncclGetUniqueId");
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaStreamCreateWithFlags(&exchange->stream, cudaStreamNonBlocking));
    CUDA_TRY(cudaEventCreateWithFlags(&exchange->computed, cudaEventDisableTiming));
    CUDA_TRY(cudaEventCreateWithFlags(&exchange->summed, cudaEventDisableTiming));
    CUDA_TRY(cudaMalloc((void **)&exchange->parts, (PIECE + (size_t)ALIGNMENT * group->size) * sizeof(float)));
    result = nccl->comm_init_rank(&exchange->comm, (int)group->size, ticket.id, (int)group->rank);
    if (result != ANNC_NCCL_SUCCESS)
        return nccl_failed(device, nccl, result, "ncclCommInitRank");
out:
    return status;
}

annc_status annc_exchange_connect(annc_device *device, const struct annc_group *group)
{
    annc_status status = ANNC_OK;
    struct annc_exchange *exchange = (struct annc_exchange *)calloc(1, sizeof *exchange);
    struct partner *partners = (struct partner *)calloc(group->size, sizeof *partners);
    if (!exchange || !partners) {
        status = device->host->fail(ANNC_MEMORY, "out of memory: the exchange with %u ranks", group->size);
        goto out;
    }
    if (!annc_nccl_load(&exchange->nccl))
        exchange->nccl.version = 0;
    ANNC_TRY(introduce(device, &exchange->nccl, &partners[group->rank]));
    for (uint32_t r = 0; r < group->size; r++)
        ANNC_TRY(group->broadcast(group, r, &partners[r], sizeof partners[r]));
    if (!can_exchange(device, partners, group->size)) {
        status = device->backend->alloc_host(device, ANNC_STAGED_VALUES * sizeof *device->staging,
                                             "the sums of several ranks", (void **)&device->staging);
        goto out;
    }
    ANNC_TRY(open_exchange(device, group, exchange));
    device->is_connected = true;
    annc_cuda(device)->exchange = exchange;
    exchange = NULL;
out:
    annc_exchange_close(exchange);
    free(partners);
    return status;
}

void annc_exchange_close(struct annc_exchange *exchange)
{
    if (!exchange)
        return;
    if (exchange->comm && exchange->has_failed)
        exchange->nccl.comm_abort(exchange->comm); /* others may wait for this rank, and it for them */
    else if (exchange->comm)
        exchange->nccl.comm_destroy(exchange->comm);
    if (exchange->parts)
        cudaFree(exchange->parts);
    if (exchange->computed)
        cudaEventDestroy(exchange->computed);
    if (exchange->summed)
        cudaEventDestroy(exchange->summed);
    if (exchange->stream)
        cudaStreamDestroy(exchange->stream);
    free(exchange);
}

/* ---------------------------------------------------------------- sums */

/* Returns the length of the parts of a piece of `count` values; the last ones may be shorter. */
static uint32_t length_of_parts(uint32_t count, uint32_t size)
{
    const uint32_t least = (count - 1) / size + 1;
    return (least + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Returns the part that a rank adds up. */
static struct annc_share part_of(uint32_t count, uint32_t size, uint32_t rank)
{
    const uint32_t length = length_of_parts(count, size);
    struct annc_share part;
    part.first = rank * length < count ? rank * length : count;
    part.count = count - part.first < length ? count - part.first : length;
    return part;
}

/* Sends a rank some values and receives others from it. Returns NCCL's result, as scatter and
 * gather do. */
static int exchange_with(const struct annc_exchange *exchange, uint32_t rank, const float *sent, uint32_t sent_count,
                         float *received, uint32_t received_count)
{
    const struct annc_nccl *nccl = &exchange->nccl;
    int result = ANNC_NCCL_SUCCESS;
    if (sent_count > 0)
        result = nccl->send(sent, sent_count, ANNC_NCCL_FLOAT, (int)rank, exchange->comm, exchange->stream);
    if (result == ANNC_NCCL_SUCCESS && received_count > 0)
        result = nccl->receive(received, received_count, ANNC_NCCL_FLOAT, (int)rank, exchange->comm, exchange->stream);
    return result;
}

/* Sends each rank its part of a piece, and receives the own part from each. */
static int scatter(const struct annc_exchange *exchange, const float *values, uint32_t count)
{
    const struct annc_share own = part_of(count, exchange->size, exchange->rank);
    const uint32_t length = length_of_parts(count, exchange->size);
    int result = exchange->nccl.group_start();
    for (uint32_t r = 0; r < exchange->size && result == ANNC_NCCL_SUCCESS; r++) {
        const struct annc_share part = part_of(count, exchange->size, r);
        if (r != exchange->rank)
            result = exchange_with(exchange, r, values + part.first, part.count, exchange->parts + (size_t)r * length,
                                   own.count);
    }
    const int ended = exchange->nccl.group_end();
    return result == ANNC_NCCL_SUCCESS ? ended : result;
}

/* Sends all ranks the sums of the own part, and receives those of the other parts. */
static int gather(const struct annc_exchange *exchange, float *values, uint32_t count)
{
    const struct annc_share own = part_of(count, exchange->size, exchange->rank);
    int result = exchange->nccl.group_start();
    for (uint32_t r = 0; r < exchange->size && result == ANNC_NCCL_SUCCESS; r++) {
        const struct annc_share part = part_of(count, exchange->size, r);
        if (r != exchange->rank)
            result = exchange_with(exchange, r, values + own.first, own.count, values + part.first, part.count);
    }
    const int ended = exchange->nccl.group_end();
    return result == ANNC_NCCL_SUCCESS ? ended : result;
}

static annc_status sum_piece(annc_device *device, float *values, uint32_t count)
{
    annc_status status = ANNC_OK;
    const struct annc_exchange *exchange = annc_cuda(device)->exchange;
    const struct annc_share own = part_of(count, exchange->size, exchange->rank);
    int result = scatter(exchange, values, count);
    if (result != ANNC_NCCL_SUCCESS)
        return nccl_failed(device, &exchange->nccl, result, "ncclSend and ncclRecv of gradients");
    if (own.count > 0)
        CUDA_TRY(annc_launch_add_parts(exchange->stream, own.count, exchange->size, exchange->rank,
                                       length_of_parts(count, exchange->size), exchange->parts, values + own.first));
    result = gather(exchange, values, count);
    if (result != ANNC_NCCL_SUCCESS)
        return nccl_failed(device, &exchange->nccl, result, "ncclSend and ncclRecv of sums");
out:
    return status;
}

annc_status annc_exchange_begin_sum(annc_device *device, float *values, size_t count)
{
    annc_status status = ANNC_OK;
    struct annc_exchange *exchange = annc_cuda(device)->exchange;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaEventRecord(exchange->computed, annc_cuda(device)->stream));
    CUDA_TRY(cudaStreamWaitEvent(exchange->stream, exchange->computed, 0));
    for (size_t first = 0; first < count; first += PIECE) {
        const size_t left = count - first, most = PIECE;
        ANNC_TRY(sum_piece(device, values + first, (uint32_t)(left < most ? left : most)));
    }
out:
    exchange->has_failed |= status != ANNC_OK;
    return status;
}

annc_status annc_exchange_end_sums(annc_device *device)
{
    annc_status status = ANNC_OK;
    struct annc_exchange *exchange = annc_cuda(device)->exchange;
    int result = ANNC_NCCL_SUCCESS;
    CUDA_TRY(annc_cuda_enter(device));
    CUDA_TRY(cudaEventRecord(exchange->summed, exchange->stream));
    CUDA_TRY(cudaStreamWaitEvent(annc_cuda(device)->stream, exchange->summed, 0));
    exchange->nccl.comm_get_async_error(exchange->comm, &result);
    if (result != ANNC_NCCL_SUCCESS)
        status = nccl_failed(device, &exchange->nccl, result, "an exchange of gradients");
out:
    exchange->has_failed |= status != ANNC_OK;
    return status;
}
