/* nccl.h - the functions of NCCL that the CUDA module uses. The library (libnccl.so.2, 2.9 or
 * newer) is loaded when several ranks train on GPUs, and neither it nor its header is needed to
 * build. */
#ifndef ANNC_BACKEND_CUDA_NCCL_H
#define ANNC_BACKEND_CUDA_NCCL_H

#include <cuda_runtime_api.h>

#include <stdbool.h>
#include <stddef.h>

/* As nccl.h of NCCL has them: ncclUniqueId, ncclComm_t, and values of ncclResult_t and
 * ncclDataType_t. tests/unit/test_nccl.c compares them where that header is there. */
struct annc_nccl_id {
    char bytes[128];
};
typedef struct ncclComm *annc_nccl_comm;
enum { ANNC_NCCL_SUCCESS = 0, ANNC_NCCL_FLOAT = 7 };

struct annc_nccl {
    int version; /* 22304 is 2.23.4 */
    const char *(*error_string)(int result);
    int (*get_unique_id)(struct annc_nccl_id *id);
    int (*comm_init_rank)(annc_nccl_comm *comm, int size, struct annc_nccl_id id, int rank);
    int (*comm_get_async_error)(annc_nccl_comm comm, int *result);
    int (*comm_destroy)(annc_nccl_comm comm);
    int (*comm_abort)(annc_nccl_comm comm);
    int (*group_start)(void);
    int (*group_end)(void);
    int (*send)(const void *values, size_t count, int type, int to, annc_nccl_comm comm, cudaStream_t stream);
    int (*receive)(void *values, size_t count, int type, int from, annc_nccl_comm comm, cudaStream_t stream);
};

#ifdef __cplusplus
extern "C" {
#endif

/* Loads the library, which stays loaded. Returns false if there is none, or an older one. */
bool annc_nccl_load(struct annc_nccl *nccl);

#ifdef __cplusplus
}
#endif

#endif
