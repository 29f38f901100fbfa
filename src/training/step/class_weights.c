/* class_weights.c - class weights that balance classes of different sizes. */
#include "base/allocate.h"
#include "base/status.h"
#include "dataset/prepare/dataset.h"

annc_status annc_class_weights_balanced(const annc_dataset *dataset, float *weights)
{
    ANNC_REQUIRE(dataset, "dataset");
    ANNC_REQUIRE(weights, "weights");
    const annc_examples *examples = annc_dataset_examples(dataset);
    const uint32_t classes = annc_dataset_class_count(dataset);
    double *counts; /* weights of their examples, whose mean is 1 */
    if (classes == 0)
        return annc_fail(ANNC_USAGE, "balanced " ANNC_FIELD_CLASS_WEIGHTS " need classes, but the data have targets");
    ANNC_RETURN_IF_FAILED(annc_allocate(classes, sizeof *counts, "the counts of the classes", (void **)&counts));
    for (uint32_t c = 0; c < classes && dataset->class_totals; c++) /* without weights */
        counts[c] = dataset->class_totals[c];
    for (uint32_t i = 0; i < examples->count && !dataset->class_totals; i++)
        counts[annc_dataset_labels(dataset)[i]] += examples->weights ? (double)examples->weights[i] : 1;
    for (uint32_t c = 0; c < classes; c++)
        weights[c] = counts[c] > 0 ? (float)((double)dataset->total / ((double)classes * counts[c])) : 0;
    annc_release(counts);
    return ANNC_OK;
}
