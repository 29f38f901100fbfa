/* device_code.h - marks the small functions that C, CUDA host code and CUDA kernels all compile from one text. */
#ifndef ANNC_BASE_DEVICE_CODE_H
#define ANNC_BASE_DEVICE_CODE_H

#if defined(__CUDACC__)
#define ANNC_DEVICE_CODE __host__ __device__ static inline
#else
#define ANNC_DEVICE_CODE static inline
#endif

#endif
