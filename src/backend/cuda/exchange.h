/* exchange.h - sums over the GPUs of several ranks, by NCCL. */
#ifndef ANNC_BACKEND_CUDA_EXCHANGE_H
#define ANNC_BACKEND_CUDA_EXCHANGE_H

#include "backend/backend.h"

struct annc_exchange;

#ifdef __cplusplus
extern "C" {
#endif

/* connect, begin_sum and end_sums of a backend. */
annc_status annc_exchange_connect(annc_device *device, const struct annc_group *group);
annc_status annc_exchange_begin_sum(annc_device *device, float *values, size_t count);
annc_status annc_exchange_end_sums(annc_device *device);
/* Frees an exchange, or NULL. */
void annc_exchange_close(struct annc_exchange *exchange);

#ifdef __cplusplus
}
#endif

#endif
