/* report_subject.h - a run's model and data, as far as they are at hand. */
#ifndef ANNC_CLI_REPORT_REPORT_SUBJECT_H
#define ANNC_CLI_REPORT_REPORT_SUBJECT_H

#include "annc.h"
#include "cli/log/run.h"
#include "cli/options/option_types.h"

/* A run with whatever of its model and data is at hand. What cannot be had is NULL, and its reason a sentence. */
struct subject {
    const struct run *run;
    const char *name;       /* that it has on the page */
    size_t number;          /* from 1; 0 where it is the only one */
    struct options options; /* its own, as far as they are known; data, device and threads are the report's */
    char *config;           /* that they point into */
    annc_network *network;
    annc_device *device;
    annc_data data;
    const annc_dataset *set; /* that it is evaluated on, */
    const char *set_name;    /* "test set" */
    annc_evaluation evaluation;
    int32_t *predictions;
    float *outputs;
    char no_model[700], no_data[700], no_evaluation[700];
};

/* Loads model and data, and evaluates. report: the options of the command. */
void subject_open(const struct options *report, const struct run *run, const char *name, size_t number,
                  struct subject *subject);
void subject_close(struct subject *subject);

#endif
