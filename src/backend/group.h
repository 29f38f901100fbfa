/* group.h - a group of ranks: processes or devices that train one network together, each on its own
 * rows of every minibatch, or several networks, each rank its own. All ranks call the same functions
 * in the same order, but for messages. */
#ifndef ANNC_BACKEND_GROUP_H
#define ANNC_BACKEND_GROUP_H

#include "annc.h"
#include "base/share.h"

struct annc_group {
    uint32_t rank, size; /* rank: 0...size-1 */
    uint32_t sharers;    /* ranks that run on the processors of this one, itself included */
    const char *library; /* that connects the ranks, for people: "Open MPI v4.1.4" */
    bool has_agreed;     /* the last failure is one of all ranks */
    void *context;       /* of the functions; they are not called in a group of size 1 */
    /* Replaces `count` values in this rank's device memory by their sums over all ranks, added in
     * the order of the ranks, so that every rank gets the same bits. The sum may go on while the
     * caller computes something else: the values are in use until end_sums, which waits for all sums
     * begun, and before which no other function of the group is called. */
    annc_status (*begin_sum)(const struct annc_group *group, annc_device *device, float *values, size_t count);
    annc_status (*end_sums)(const struct annc_group *group, annc_device *device);
    /* The same at once for numbers in host memory. */
    annc_status (*sum_numbers)(const struct annc_group *group, double *numbers, size_t count);
    /* Copies host memory of rank `from` to that of all ranks. */
    annc_status (*broadcast)(const struct annc_group *group, uint32_t from, void *memory, size_t bytes);
    /* Messages, sent and received by the thread that opened the group. `send` returns when the
     * memory may change; `receive` waits for the next message of a rank, whose size it knows. */
    annc_status (*send)(const struct annc_group *group, uint32_t to, const void *memory, size_t bytes);
    annc_status (*receive)(const struct annc_group *group, uint32_t from, void *memory, size_t bytes);
    /* Finds a rank that has sent a message, without waiting; *from is the group's size without
     * one. */
    annc_status (*find_message)(const struct annc_group *group, uint32_t *from);
    /* Waits for all ranks to close the group too, and frees it. */
    void (*close)(struct annc_group *group);
    /* Ends the processes of all ranks with an exit code; does not return. */
    void (*abort)(const struct annc_group *group, int code);
};

/* The group of a rank that is alone. */
extern const struct annc_group annc_group_alone;

/* Connects the devices of all ranks, collectively, where they can exchange without the host's
 * memory; later calls for the device do nothing. */
annc_status annc_group_connect(const struct annc_group *group, annc_device *device);
/* begin_sum and end_sums between connected devices, or else of the group. */
annc_status annc_group_begin_sum(const struct annc_group *group, annc_device *device, float *values, size_t count);
annc_status annc_group_end_sums(const struct annc_group *group, annc_device *device);

/* Finds the first rank whose `flag` is true; *rank is the group's size without one. */
annc_status annc_group_find(const struct annc_group *group, bool flag, uint32_t *rank);

/* Groups that mpirun starts are made by a module, loaded in such a process alone. This table is its
 * interface, of version ANNC_BACKEND_CONTRACT; the module calls the library through `fail` only. */
struct annc_group_module {
    int contract;
    annc_status (*open)(annc_status (*fail)(annc_status status, const char *format, ...), struct annc_group **group);
};
#define ANNC_GROUP_MODULE_SYMBOL "annc_group_module"

/* Returns the rows of a rank in a minibatch of m: shares that differ by one row at most. */
static inline struct annc_share annc_group_share(const struct annc_group *group, uint32_t m)
{
    return annc_share_of(m, group->size, group->rank);
}

#endif
