/* model_file.h - the state of reading a safetensors file. */
#ifndef ANNC_NETWORK_FILES_MODEL_FILE_H
#define ANNC_NETWORK_FILES_MODEL_FILE_H

#include "annc.h"
#include "base/json/json_read.h"

enum {
    MOST_HEADER_BYTES = 100000000,
    MOST_TENSORS = 2 * ANNC_MAX_LAYERS + ANNC_MOST_BLOCKS,
    MOST_METADATA = 4096,
    NAME_BYTES = 128,
    MOST_RANK = 8,
    CHECKSUM_DIGITS = 8,
    SHOWN = 300
};

enum annc_tensor_type { F16, BF16, F32, F64, TYPES };

struct annc_tensor {
    char name[NAME_BYTES];
    enum annc_tensor_type type;
    uint64_t shape[MOST_RANK];
    uint32_t rank;
    uint64_t begin, end;
};

struct annc_model_file {
    const char *path;
    int descriptor;
    uint64_t file_bytes, data_begin;
    char *header, *string; /* the header's text; room for any string in it */
    struct annc_json_reader json;
    size_t checksum_at; /* of its digits in the header; 0 = the file has none */
    struct annc_tensor tensors[MOST_TENSORS];
    size_t tensor_count;
    /* Reads the values of a tensor, and checks that all are finite. */
    annc_status (*read)(const struct annc_model_file *file, const struct annc_tensor *tensor, float *values);
    annc_network *metadata; /* holds only the metadata, no shape */
};

/* The tensors of a layer; another program's file may lack the bias. */
struct annc_model_layer {
    const struct annc_tensor *weight, *bias;
    /* Of another program's file: */
    bool is_transposed;     /* the weights are [in, out] */
    uint64_t inputs, units; /* as in the file */
    size_t name_length;     /* of the layer's own name, which begins that of its weights */
};

/* Return ANNC_INPUT with the message "PATH: WHAT", or "PATH: tensor 'NAME' WHAT". */
annc_status annc_model_malformed(const struct annc_model_file *file, const char *what);
annc_status annc_model_malformed_tensor(const struct annc_model_file *file, const struct annc_tensor *tensor,
                                        const char *what);

#endif
