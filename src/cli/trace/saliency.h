/* saliency.h - how the cost of an example changes with each input. */
#ifndef ANNC_CLI_TRACE_SALIENCY_H
#define ANNC_CLI_TRACE_SALIENCY_H

#include "annc.h"
#include "cli/options/option_types.h"

/* Shows dC/dx of an example (from 0): an image beside it, on the screen or in the file of --out; or
 * a table of the inputs, the largest slopes first. network: the source of the inputs' names, or
 * NULL. ANNC_USAGE for --out with inputs that are not images. */
annc_status saliency_show(const struct options *options, const annc_trace *trace, const annc_network *network,
                          const annc_dataset *dataset, uint32_t example);

#endif
