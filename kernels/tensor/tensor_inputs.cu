// tensor_inputs.cu - the inputs of examples as the tensor engine reads them: columns in the order of
// their use, so that the tiles of rarely used ones are mostly 0, and rows padded to whole tiles.
#include "backend/cuda/tensor.h"
#include "kernels/device.cuh"

constexpr unsigned COLUMN_BLOCK = 256, MOST_ROW_BLOCKS = 1024;

// Counts the examples in which a column is not 0; a block has every gridDim.x-th row. A byte is
// loaded per value.
// Registers: at most 32.
__global__ void count_uses_kernel(const uint8_t *x, uint32_t count, uint32_t inputs, annc_tensor_columns *columns)
{
    for (uint32_t c = threadIdx.x; c < inputs; c += blockDim.x) {
        uint32_t uses = 0;
        for (uint32_t row = blockIdx.x; row < count; row += gridDim.x)
            uses += x[(size_t)row * inputs + c] != 0;
        atomicAdd(&columns->uses[c], uses);
    }
}

// Orders the columns; one block.
// Registers: at most 32.
__global__ void order_columns_kernel(uint32_t inputs, annc_tensor_columns *columns)
{
    for (uint32_t c = threadIdx.x; c < inputs; c += blockDim.x) {
        const uint32_t uses = columns->uses[c];
        uint32_t place = 0;
        for (uint32_t other = 0; other < inputs; other++)
            place += columns->uses[other] > uses || (columns->uses[other] == uses && other < c);
        columns->number[place] = c;
        if (uses > 0)
            atomicMax(&columns->used, place + 1);
    }
}

// Copies rows with their columns in that order. A byte is loaded and one stored per value.
// Registers: at most 32.
__global__ void order_rows_kernel(const uint8_t *x, uint32_t count, uint32_t inputs, annc_tensor_inputs to)
{
    for (uint32_t place = threadIdx.x; place < to.stride; place += blockDim.x) {
        const uint32_t c = place < inputs ? to.columns->number[place] : 0;
        for (uint32_t row = blockIdx.x; row < count; row += gridDim.x)
            to.rows[(size_t)row * to.stride + place] = place < inputs ? x[(size_t)row * inputs + c] : 0;
    }
}

extern "C" cudaError_t annc_launch_tensor_inputs(cudaStream_t stream, const uint8_t *x, uint32_t count, uint32_t inputs,
                                                 struct annc_tensor_inputs to)
{
    const unsigned blocks = count < MOST_ROW_BLOCKS ? count : MOST_ROW_BLOCKS;
    const cudaError_t error = cudaMemsetAsync(to.columns, 0, sizeof *to.columns, stream);
    if (error != cudaSuccess)
        return error;
    ANNC_LAUNCH(count_uses_kernel, blocks, COLUMN_BLOCK, 0, stream, x, count, inputs, to.columns);
    ANNC_LAUNCH(order_columns_kernel, 1, COLUMN_BLOCK, 0, stream, inputs, to.columns);
    ANNC_LAUNCH(order_rows_kernel, blocks, COLUMN_BLOCK, 0, stream, x, count, inputs, to);
    return cudaGetLastError();
}
