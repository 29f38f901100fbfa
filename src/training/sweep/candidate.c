/* candidate.c - keeps the result of a candidate in the metadata of its network. */
#include "base/status.h"
#include "network/network.h"
#include "network/shape.h"
#include "training/run/progress_text.h"

#include <stdio.h>
#include <string.h>

/* The data in hexadecimal digits, 1 if they have classes, and the engine. */
static const char KEY[] = "annc.candidate";

annc_status annc_candidate_store(const annc_candidate *candidate, uint64_t data, annc_network *network)
{
    char text[sizeof candidate->engine + 32];
    ANNC_REQUIRE(candidate, "candidate");
    ANNC_REQUIRE(network, "network");
    snprintf(text, sizeof text, "%016llx %d %s", (unsigned long long)data, candidate->result.classes,
             candidate->engine);
    ANNC_RETURN_IF_FAILED(annc_network_set_metadata(network, KEY, text));
    return annc_progress_write(NULL, &candidate->result, network);
}

annc_status annc_candidate_restore(const annc_network *network, uint64_t data, annc_candidate *candidate)
{
    unsigned long long then;
    int classes;
    ANNC_REQUIRE(network, "network");
    ANNC_REQUIRE(candidate, "candidate");
    ANNC_REQUIRE(candidate->network, "network");
    annc_candidate restored = *candidate;
    const char *text = annc_network_metadata(network, KEY);
    memset(&restored.result, 0, sizeof restored.result);
    restored.engine[0] = '\0';
    if (!text || sscanf(text, "%16llx %1d %63[^\n]", &then, &classes, restored.engine) < 2)
        return annc_fail(ANNC_INPUT, "this model has no result of a sweep");
    if (then != data)
        return annc_fail(ANNC_INPUT, "the network was trained with other data");
    if (!annc_shape_is_same(&network->shape, &candidate->network->shape))
        return annc_fail(ANNC_INPUT, "the network has another shape");
    ANNC_RETURN_IF_FAILED(annc_progress_read(network, false, &restored.result));
    restored.result.classes = classes != 0;
    restored.status = ANNC_OK;
    restored.reason[0] = '\0';
    restored.is_complete = true;
    memcpy(candidate->network->theta, network->theta, annc_shape_parameters(&network->shape) * sizeof *network->theta);
    *candidate = restored;
    return ANNC_OK;
}
