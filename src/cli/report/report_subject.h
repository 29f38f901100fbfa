/* report_subject.h - a run's model and data, as far as available. */
#ifndef ANNC_CLI_REPORT_REPORT_SUBJECT_H
#define ANNC_CLI_REPORT_REPORT_SUBJECT_H

#include "annc.h"
#include "cli/log/run.h"
#include "cli/model/importance_table.h"
#include "cli/options/option_types.h"

/* A run with its model and data, as far as available. A missing part is NULL, and a sentence gives
 * the reason. */
struct subject {
    const struct run *run;
    const char *name;       /* on the page */
    size_t number;          /* from 1; 0 for a single run */
    struct options options; /* the run's, as far as known; data, device, threads: the report's */
    char *config;           /* owns the text of the options */
    annc_network *network;
    annc_device *device;
    annc_data data;
    const annc_dataset *set; /* the evaluated set */
    const char *set_name;    /* "test set" */
    annc_evaluation evaluation;
    int32_t *predictions;
    float *outputs;
    struct importance_list importance; /* if --importance asks for it */
    char no_model[700], no_data[700], no_evaluation[700];
};

/* Loads model and data, and evaluates the model. report: the options of the command. */
void subject_open(const struct options *report, const struct run *run, const char *name, size_t number,
                  struct subject *subject);
void subject_close(struct subject *subject);

#endif
