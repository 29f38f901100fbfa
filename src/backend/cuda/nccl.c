/* nccl.c - loads NCCL. */
#include "backend/cuda/nccl.h"

#include <dlfcn.h>
#include <string.h>

enum { OLDEST_VERSION = 20900 };

/* Sets a function pointer; ISO C has no cast from data to function pointers. */
static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

bool annc_nccl_load(struct annc_nccl *nccl)
{
    int (*get_version)(int *version);
    void *library = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    return library && find(library, "ncclGetVersion", &get_version) &&
           get_version(&nccl->version) == ANNC_NCCL_SUCCESS && nccl->version >= OLDEST_VERSION &&
           find(library, "ncclGetErrorString", &nccl->error_string) &&
           find(library, "ncclGetUniqueId", &nccl->get_unique_id) &&
           find(library, "ncclCommInitRank", &nccl->comm_init_rank) &&
           find(library, "ncclCommGetAsyncError", &nccl->comm_get_async_error) &&
           find(library, "ncclCommDestroy", &nccl->comm_destroy) && find(library, "ncclCommAbort", &nccl->comm_abort) &&
           find(library, "ncclGroupStart", &nccl->group_start) && find(library, "ncclGroupEnd", &nccl->group_end) &&
           find(library, "ncclSend", &nccl->send) && find(library, "ncclRecv", &nccl->receive);
}
