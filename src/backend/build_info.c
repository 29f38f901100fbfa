/* build_info.c - versions of the library, its compiler and its dependencies; sizes of its structs. */
#include "annc.h"
#include "backend/blas/gemm.h"
#include "base/config.h"

#include <string.h>

annc_build annc_build_info(void)
{
    const annc_build build = {
        .version = ANNC_VERSION,
        .commit = ANNC_COMMIT,
        .compiler = ANNC_COMPILER,
        .blas = annc_gemm_name(),
        .zlib = ANNC_ZLIB_FOUND ? ANNC_ZLIB_VERSION : "none",
        .png = ANNC_PNG_FOUND ? ANNC_PNG_VERSION : "none",
        .jpeg = ANNC_JPEG_FOUND ? ANNC_JPEG_VERSION : "none",
        .mpi = ANNC_MPI_FOUND ? ANNC_MPI_VERSION : "none",
        .cuda = ANNC_CUDA_FOUND ? ANNC_CUDA_VERSION : "none",
    };
    return build;
}

size_t annc_struct_size(const char *name)
{
#define SIZE(type)                                                                                                     \
    {                                                                                                                  \
#type, sizeof(type)                                                                                            \
    }
    static const struct {
        const char *name;
        size_t size;
    } structs[] = {
        SIZE(annc_build),
        SIZE(annc_shape),
        SIZE(annc_examples),
        SIZE(annc_arrays),
        SIZE(annc_text_column),
        SIZE(annc_text_options),
        SIZE(annc_data_options),
        SIZE(annc_data),
        SIZE(annc_fetch_options),
        SIZE(annc_device_options),
        SIZE(annc_device_info),
        SIZE(annc_augmentation),
        SIZE(annc_objective),
        SIZE(annc_schedule),
        SIZE(annc_training_options),
        SIZE(annc_engine_info),
        SIZE(annc_epoch),
        SIZE(annc_plan),
        SIZE(annc_wishes),
        SIZE(annc_evaluation),
        SIZE(annc_confusion_cell),
        SIZE(annc_confusion),
        SIZE(annc_class_measures),
        SIZE(annc_cost_measures),
        SIZE(annc_multilabel),
        SIZE(annc_calibration),
        SIZE(annc_layer_health),
        SIZE(annc_outcome),
        SIZE(annc_run_state),
        SIZE(annc_run_options),
        SIZE(annc_candidate),
        SIZE(annc_spread),
        SIZE(annc_folds),
        SIZE(annc_folds_options),
        SIZE(annc_trace),
        SIZE(annc_check_row),
        SIZE(annc_check_options),
        SIZE(annc_gallery),
        SIZE(annc_input_columns),
        SIZE(annc_importance_options),
        SIZE(annc_importance),
    };
#undef SIZE
    for (size_t i = 0; name && i < sizeof structs / sizeof *structs; i++)
        if (strcmp(structs[i].name, name) == 0)
            return structs[i].size;
    return 0;
}
