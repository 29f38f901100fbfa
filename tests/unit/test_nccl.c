/* What backend/cuda/nccl.h declares of NCCL, against NCCL's own header and its library. */
#include "backend/cuda/nccl.h"
#include "support/test.h"

#include <nccl.h>

/* A call of NCCL's function takes the arguments that we pass, and returns an int. */
#define TAKES(call) _Static_assert(sizeof(call) == sizeof(int), #call)

#define COMM   ((annc_nccl_comm)0)
#define STREAM ((cudaStream_t)0)

_Static_assert(sizeof(struct annc_nccl_id) == sizeof(ncclUniqueId), "identity");
_Static_assert((int)ANNC_NCCL_SUCCESS == (int)ncclSuccess && (int)ANNC_NCCL_FLOAT == (int)ncclFloat32, "constants");
_Static_assert(sizeof(ncclDataType_t) == sizeof(int), "types of data");
TAKES(ncclGetUniqueId((ncclUniqueId *)0));
TAKES(ncclCommInitRank((annc_nccl_comm *)0, 2, *(const ncclUniqueId *)0, 1));
TAKES(ncclCommGetAsyncError(COMM, (ncclResult_t *)0));
TAKES(ncclCommDestroy(COMM));
TAKES(ncclCommAbort(COMM));
TAKES(ncclGroupStart());
TAKES(ncclGroupEnd());
TAKES(ncclSend((const void *)0, (size_t)1, ncclFloat32, 1, COMM, STREAM));
TAKES(ncclRecv((void *)0, (size_t)1, ncclFloat32, 1, COMM, STREAM));

static void library(void)
{
    struct annc_nccl nccl = {.version = 0};
    if (!annc_nccl_load(&nccl))
        SKIP("no libnccl.so.2");
    CHECK_MSG(nccl.version >= 20900, "%d", nccl.version);
    CHECK(strcmp(nccl.error_string(ANNC_NCCL_SUCCESS), "no error") == 0);
    CHECK(nccl.group_start() == ANNC_NCCL_SUCCESS && nccl.group_end() == ANNC_NCCL_SUCCESS);
    CHECK(nccl.comm_destroy(NULL) == ANNC_NCCL_SUCCESS); /* as free */
    CHECK(nccl.send(&nccl, 1, ANNC_NCCL_FLOAT, 0, NULL, NULL) == ncclInvalidArgument);
    CHECK(nccl.receive(&nccl, 1, ANNC_NCCL_FLOAT, 0, NULL, NULL) == ncclInvalidArgument);
}

TEST_MAIN(TEST(library))
