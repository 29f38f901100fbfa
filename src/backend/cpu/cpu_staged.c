#include "backend/cpu/cpu_staged.h"
#include "base/allocate.h"
#include "base/status.h"

static struct annc_staged *find(struct annc_staged *all, const void *host)
{
    while (all && all->host != host)
        all = all->next;
    return all;
}

annc_status annc_staged_add(struct annc_staged **all, const void *host)
{
    annc_status status = ANNC_OK;
    struct annc_staged *staged = find(*all, host);
    if (!staged) {
        ANNC_TRY(annc_allocate(1, sizeof *staged, "a data set", (void **)&staged));
        staged->host = host;
        staged->next = *all;
        *all = staged;
    }
    staged->users++;
out:
    return status;
}

void annc_staged_remove(struct annc_staged **all, const void *host)
{
    while (*all && (*all)->host != host)
        all = &(*all)->next;
    struct annc_staged *staged = *all;
    if (!staged || --staged->users > 0)
        return;
    *all = staged->next;
    if (staged->lists)
        annc_sparse_close(staged->lists);
    annc_release(staged->lists);
    annc_release(staged);
}

annc_status annc_staged_lists(struct annc_staged *all, const struct annc_cpu_kernels *kernels,
                              const annc_examples *examples, const struct annc_sparse **lists)
{
    annc_status status = ANNC_OK;
    struct annc_staged *staged = find(all, examples->x);
    struct annc_sparse *made = NULL;
    if (!staged)
        return annc_fail(ANNC_USAGE, "the examples have not been staged");
    if (!staged->lists) {
        ANNC_TRY(annc_allocate(1, sizeof *made, "the examples' lists", (void **)&made));
        ANNC_TRY(annc_sparse_open(kernels, examples, made));
        staged->lists = made;
        made = NULL;
    }
    *lists = staged->lists;
out:
    annc_release(made);
    return status;
}
