/* report_page.h - what the files of `annc-gpu report` share. */
#ifndef ANNC_CLI_REPORT_PAGE_H
#define ANNC_CLI_REPORT_PAGE_H

#include "cli.h"
#include "metrics.h"
#include "run.h"

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

/* Where the numbers of a run stand out: a heading of its sections' level. */
void print_section(FILE *out, const struct subject *subject, const char *title);
/* A sentence about what is not there. */
void print_missing(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The sections of a run that need its log alone, and those that need its model and data. */
void print_log_sections(FILE *out, const struct subject *subject);
void print_model_sections(FILE *out, const struct subject *subject);
/* Measures, confusion and the worst mistakes of a subject that has outputs. */
void print_evaluation_sections(FILE *out, const struct subject *subject);
/* What each fold came to, and that they keep no model. */
void print_folds_section(FILE *out, const struct subject *subject);
/* The whole page of a sweep. */
void print_sweep_page(FILE *out, const struct run *run, const char *name);
/* Timing, configuration, machine. */
void print_circumstances(FILE *out, const struct subject *subject);
/* How it ended and what it came to, in a sentence. */
void print_ending(FILE *out, const struct run *run);

#endif
