#!/usr/bin/env python3
"""Proves that the tests can fail: puts one fault at a time into a copy of the source and expects a test to find it.

    tests/mutants.py [--build FOLDER] [--only TEXT] [--part K/N] [--cuda FOLDER]

Each mutant is a file, a text that occurs in it once, what it becomes, and the tests (a CTest regular expression) of which one must then
fail. A mutant that does not compile, or whose text is gone, counts as a fault of this list. Mutants of kernels that need a GPU, whose tests
end in _gpu, are left out without --cuda, which names a folder with the CUDA runtime that the tests are to load: CUDA's own on a machine
with a GPU, or one that interprets PTX. Exit code 0 when all were found."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ["CMakeLists.txt", "LICENSE", "src", "kernels", "include", "tests", "data", "bench"]
REFERENCE = "src/training/step/reference.c"
CALENDAR = "src/dataset/dates/calendar.c"
CPU = "src/backend/cpu/backend_cpu.c"
CUDA = "src/backend/cuda/backend_cuda.c"

MUTANTS = [
    # The reference: found by the worked example and finite differences.
    ("BP1 has the wrong sign", REFERENCE, "annc_cost_derivative_f64(shape->cost,", "-annc_cost_derivative_f64(shape->cost,", "^reference$"),
    ("BP1 without f'", REFERENCE, "delta[j] *= annc_activation_derivative_f64(f, z[j], a[j]);", "delta[j] *= 1;", "^reference$"),
    ("BP1 without the Jacobian's mean", REFERENCE, "delta[j] = a[j] * (delta[j] - mean);", "delta[j] = a[j] * delta[j];", "^reference$"),
    ("BP2 with W for its transpose", REFERENCE, "sum += W[(size_t)j * n_in + k] * delta[j];", "sum += W[(size_t)k * n + j] * delta[j];", "^reference$"),
    ("BP2 without f'", REFERENCE, "factor_in[k] * sum *\n", "factor_in[k] * sum + 0 *\n", "^reference$"),
    ("BP3 left out", REFERENCE, "dC_db[j] += delta[j];", "dC_db[j] += 0;", "^reference$"),
    ("BP4 with a^l for a^(l-1)", REFERENCE, "const double *a_in = reference->a[l - 1],", "const double *a_in = reference->z[l - 1],", "^reference$"),
    ("forward without the bias", REFERENCE, "z[j] = b[j];", "z[j] = 0;", "^reference$"),
    # What all paths share: found by finite differences and known answers.
    ("sigma' without (1 - a)", "include/annc_functions.h", "a * (1 - a),  SMOOTH", "a,  SMOOTH", "^(reference|functions)$"),
    ("quadratic cost without the half", "include/annc_functions.h", "(a - y) * (a - y) / 2,  a - y", "(a - y) * (a - y),  a - y", "^(reference|functions)$"),
    ("Philox with nine rounds", "src/base/philox.h", "ANNC_PHILOX_ROUNDS = 10", "ANNC_PHILOX_ROUNDS = 9", "^philox$"),
    ("the order ignores the epoch", "src/base/order.h", "(uint64_t)epoch * (ANNC_ORDER_ROUNDS / 4)", "0 * (uint64_t)epoch", "^philox$"),
    ("all shards have one order", "src/base/order.h", "own.key[r] ^= shard * odd;", "own.key[r] ^= 0 * shard * odd;", "^shards$"),
    ("a rank takes rows of all examples", "src/base/order.h", " - cursor->held;", ";", "^shards$"),
    ("the cursor forgets the shards", "src/training/step/crew.c", "cursor.order.shards = annc_shards_of(&trainer->options);", "cursor.order.shards = 1;", "^groups$"),
    ("shards are scaled by a sample", "src/dataset/prepare/ranges.c", "count > some && !table->has_shards", "count > some", "^shards$"),
    ("a mapped text stays in memory", "src/dataset/text/records.c", "    annc_mapping_leave(&records->mapping, records->left, at - records->left);\n", "", "^ranks$"),
    ("zeros in a mapped text are characters", "src/dataset/text/records.c", "        if (memchr(records->text + at, '\\0', rest < BLOCK ? rest : BLOCK))", "        if (rest == 0)", "^shards$"),
    ("numbers are passed over in one go", "src/dataset/text/records.c", "*end = from + (rest < BLOCK ? rest : BLOCK);", "*end = from + rest;", "^ranks$"),
    ("a character is cut between two blocks", "src/dataset/text/records.c", "        end--;\n    return end;", "        ;\n    return end;", "^shards$"),
    ("a row is read from behind its place", "src/dataset/text/records.c", "    records->place = begin;\n", "    records->place = begin + 1;\n", "^(shards|number_runs)$"),
    ("held-out levels keep their input in a shard", "src/dataset/source.c", "            annc_categories_copy_unseen(categories, &table->categories);", "            ;", "^(shards|number_runs)$"),
    ("parts of a text begin with line 1", "src/dataset/text/parts.c", "parts->part[i - 1].line + parts->part[i - 1].lines", "1", "^number_runs$"),
    ("a text with quotes is divided", "src/dataset/text/parts.c", "has_quotes = has_quotes || parts->part[i].has_quotes;", "has_quotes = false;", "^number_runs$"),
    ("a line end without LF is none", "src/dataset/text/parts.c", "        lines += at + 1 == end || at[1] != '\\n';", "        lines += 0;", "^number_runs$"),
    ("the last part's error is the first", "src/dataset/text/parts.c", "    for (int i = 0; i < parts->count; i++)\n        if (parts->part[i].status", "    for (int i = parts->count - 1; i >= 0; i--)\n        if (parts->part[i].status", "^number_runs$"),
    ("each part counts for itself", "src/dataset/tables/column_parts.c", "part->first == column->last + 1", "part->first > 0", "^number_runs$"),
    ("the last part's missing cell is the first", "src/dataset/tables/column_parts.c", "    if (*line != 0 || part == 0)", "    if (part == 0)", "^number_runs$"),
    ("the last part's unknown level is the first", "src/dataset/tables/column_parts.c", "if (column->unknown == 0 && own->unknown > 0) {", "if (own->unknown > 0) {", "^number_runs$"),
    ("rows behind dropped ones stay", "src/dataset/tables/csv.c", "            annc_table_move_row(table, row, table->rows);\n", "            (void)row;\n", "^number_runs$"),
    ("the labels of a part keep their numbers", "src/dataset/tables/table.c", "= index[next->index[row]];", "= next->index[row];", "^number_runs$"),
    ("threads forget the last digits of the first row", "src/dataset/tables/remainders.c", "    if (remainders->column) /* a row has such numbers */\n        return ANNC_OK;\n", "", "^number_runs$"),
    ("a row is read without its last digits", "src/dataset/tables/table.c", "            values[j] += remainders[j][row]", "            values[j] += 0 * remainders[j][row]", "^arrays$"),
    ("infinite inputs are finite", "src/dataset/prepare/preparation.c", "is = is & (fabsf(x[j]) <= FLT_MAX);", "is = is & !isnan(x[j]);", "^reader$"),
    ("every second piece is lost", "src/cli/model/command_predict.c", "        if (!pool)\n            read_next(pieces);", "        read_next(pieces);", "^predict$"),
    ("no input of a text is missing", "src/dataset/tables/csv.c", "inputs->miss = inputs->miss || !complete;", "inputs->miss = false;", "^shards$"),
    ("inputs of a text are bytes", "src/dataset/tables/csv.c", "        inputs->are_bytes = annc_could_be_byte(x);\n", "", "^shards$"),
    ("inputs of a text have no largest", "src/dataset/tables/csv.c", "inputs->largest = fmax(inputs->largest, x);", "inputs->largest = 0;", "^shards$"),
    ("a text changes while it is read", "src/dataset/tables/csv.c", "    ANNC_TRY(annc_columns_check(&reading->records, &reading->columns));\n", "", "^number_runs$"),
    ("a text becomes shorter while it is read", "src/dataset/tables/csv.c", "    if (!more)\n        return annc_stream_malformed(reading->records.stream, \"changed", "    if (false)\n        return annc_stream_malformed(reading->records.stream, \"changed", "^number_runs$"),
    ("the order of a text's rows does not matter", "src/dataset/tables/csv.c", "    inputs->hash = annc_hash(inputs->hash, one->x, one->inputs * sizeof(float));\n", "", "^shards$"),
    ("the inputs of an array do not matter", "src/dataset/tables/table.c", "        hash = annc_hash(hash, (const char *)table->x + row * n, n);\n", "", "^shards$"),
    ("classes of other shards do not matter", "src/dataset/prepare/shard.c", "        hash = annc_hash(hash, labels, table->rows * sizeof *labels);\n", "        ;\n", "^shards$"),
    ("targets of other shards do not matter", "src/dataset/prepare/shard.c", "        hash = annc_hash(hash, table->targets, ", "        (void)(table->targets, ", "^shards$"),
    ("the choice of training rows does not matter", "src/dataset/prepare/shard.c", "rows ? annc_hash(hash, rows, count * sizeof *rows) : hash", "hash", "^shards$"),
    ("rows of other shards are not compared", "src/training/run/rank_checks.c", "(unsigned long long)train->hash_of_all);", "0ULL);", "^ranks$"),
    ("classes of a shard are those of its rows", "src/dataset/prepare/dataset.c", "for (uint32_t i = 0; labels && i < total; i++)", "for (uint32_t i = first; labels && i < first + dataset->examples.count; i++)", "^shards$"),
    ("a mapped file stays in memory", "src/dataset/tables/table.c", "    annc_mapping_leave(&table->mapping, left, end - left);\n", "", "^ranks$"),
    ("the fingerprint is that of one shard", "src/training/step/shards.c", "    if (!is_whole(data))\n        ANNC_TRY(group", "    if (false)\n        ANNC_TRY(group", "^ranks$"),
    # Columns of words.
    ("an empty list of labels is missing", "src/dataset/tables/csv.c", "    if (reading->columns.label_separator) /*", "    if (false) /*", "^tables$"),
    ("blanks belong to a label", "src/dataset/tables/label_sets.c", "while (end > first && strchr(BLANKS, end[-1]))", "while (end > first && false)", "^tables$"),
    ("what a row in braces leaves out is 0", "src/dataset/text/preamble.c", "    if (type->text[0] == '{') {", "    if (false) {", "^text_files$"),
    ("an index may recur", "src/dataset/text/braces.c", "if ((int64_t)*index <= last)", "if ((int64_t)*index < last)", "^text_files$"),
    ("specks are pieces", "src/dataset/pictures/ink.c", "size >= (count + SPECK - 1) / SPECK", "size > 0", "^own_pictures$"),
    ("ink is in more pieces", "src/dataset/pictures/ink.c", ": pieces[0] < pieces[1]", ": pieces[0] > pieces[1]", "^own_pictures$"),
    ("test arrays take the weights of the training", "src/dataset/array_files/numpy_table.c", "    if (names->test && !names->needs_weight && length", "    if (false && length", "^numpy$"),
    ("weights of another number of rows", "src/dataset/array_files/numpy_table.c", "weights->size[0] != table->rows || weights->count != table->rows", "weights->count < table->rows", "^numpy$"),
    ("the measure of a cost is of scaled targets", "src/training/run/target_metrics.c", "a = annc_dataset_in_units(dataset, j, (double)outputs[i * n + j]);", "a = (double)outputs[i * n + j];", "^training$"),
    ("half words are words", "src/dataset/tables/kinds.c", "column->texts <= numbers", "column->texts < numbers", "^categories$"),
    ("levels of one row are not rare", "src/dataset/categories/categories.c", "(counted[kept].rows > 1 || counted[0].rows == 1)", "(counted[kept].rows > 0)", "^categories$"),
    ("levels without training rows are known", "src/dataset/categories/categories.c", "category->unseen[i] = !(most[category->first + i] > 0);", "category->unseen[i] = false;", "^categories$"),
    ("held-out levels keep their input", "src/dataset/source.c", "    move_unseen(loading);\n", "", "^categories$"),
    ("inputs of levels are scaled", "src/dataset/prepare/preparation.c", "            set_unscaled(&preparation->inputs, j);", "            ;", "^categories$"),
    ("a dropped row leaves its level", "src/dataset/tables/csv.c", "    memset(x, 0, column->category->inputs * sizeof *x);\n", "", "^categories$"),
    # Columns of dates.
    ("every fourth year has a leap day", CALENDAR, " && year % 100 != 0)", ")", "^calendar$"),
    ("no century has a leap day", CALENDAR, " || year % ERA_YEARS == 0;", ";", "^calendar$"),
    ("centuries count as leap years", CALENDAR, "- y / 100 ", "", "^calendar$"),
    ("years begin in January", CALENDAR, "year - (month < 3)", "year", "^calendar$"),
    ("months of 30 days and a half", CALENDAR, "(153 * from_march + 2) / 5", "61 * from_march / 2", "^calendar$"),
    ("a day too late", CALENDAR, "day + move +", "day + 1 + move +", "^(calendar|dates)$"),
    ("offsets are added", CALENDAR, "nanos -= offset", "nanos += offset", "^(calendar|dates)$"),
    ("an offset stays in its day", CALENDAR, "nanos < 0 ? -1 : nanos >= DAY_NANOS", "nanos >= DAY_NANOS", "^calendar$"),
    ("a fraction is of its digits", CALENDAR, "digits < NANO_DIGITS; digits++", "digits < 0; digits++", "^calendar$"),
    ("the hour 24", CALENDAR, "return hour < HOURS && minute", "return hour <= HOURS && minute", "^calendar$"),
    ("text behind a date", CALENDAR, "    if (cursor.at < cursor.end)\n        return false;\n    nanos", "    nanos", "^calendar$"),
    ("exported code has leap days each four years", "src/network/export/export_c_cells.c", "(year % 100 == 0 && year % 400 != 0)", "0", "^dates$"),
    ("half dates are dates", "src/dataset/tables/column.h", "column->dates > column->texts / 2", "column->dates >= column->texts / 2", "^dates$"),
    ("a column of dates is the label", "src/dataset/tables/roles.c", " && !annc_column_looks_like_dates(column)", "", "^dates$"),
    ("numbers for a model of dates", "src/dataset/tables/roles.c", "annc_is_date(like->dates, column->place)", "false", "^dates$"),
    ("a first row of dates is a header", "src/dataset/tables/columns.c", "!(dates && is_date(field)) && ", "", "^dates$"),
    ("dropped rows do not count", "src/dataset/tables/csv.c", "table->number[table->rows] = reading->taken;", "table->number[table->rows] = reading->taken - reading->dropped;", "^columns$"),
    ("a moved row has no number", "src/dataset/tables/table.c", "    table->number[to] = table->number[from];\n", "", "^columns$"),
    ("free text is the label", "src/dataset/tables/roles.c", "classes < columns->rows - columns->rows / 10", "true", "^columns$"),
    ("amounts that recur are words", "src/dataset/categories/levels.c", "once < texts - texts / 10", "once < texts", "^categories$"),
    ("one name for two columns", "src/dataset/tables/roles.c", "        ANNC_TRY(check_unique(records, columns));\n", "        ANNC_TRY(ANNC_OK);\n", "^columns$"),
    # Arrays in memory.
    ("rows beyond single precision", "src/dataset/arrays/array_table.c", "if (fabs(x[i]) > (double)FLT_MAX)", "if (fabs(x[i]) > 1e300)", "^arrays$"),
    ("a label too many", "src/dataset/arrays/array_table.c", "arrays->labels[i] >= arrays->label_count", "arrays->labels[i] > arrays->label_count", "^arrays$"),
    ("the caller's rows are moved", "src/dataset/arrays/array_table.c", "    if (changes) {", "    if (changes && bytes) {", "^arrays$"),
    ("the caller's bytes are taken over", "src/dataset/prepare/preparation.c", "&& !table->borrowed;", "&& true;", "^arrays$"),
    ("words by their places", "src/dataset/arrays/array_columns.c", "        if (by_names)\n", "        if (by_names && c > columns->count)\n", "^arrays$"),
    ("texts with their blanks", "src/dataset/arrays/array_columns.c", "    text += strspn(text, blanks);\n", "", "^arrays$"),
    ("a text too many", "src/dataset/arrays/array_columns.c", "i != UINT32_MAX && i >= count", "i != UINT32_MAX && i > count", "^arrays$"),
    ("a missing text is no level", "src/dataset/arrays/array_columns.c", "    if (text->missing > 0)\n        ANNC_TRY(annc_tally_add", "    if (text->missing > 99)\n        ANNC_TRY(annc_tally_add", "^arrays$"),
    ("the flag does not stop", "src/training/run/training_run.c", "__ATOMIC_RELAXED) != 0;", "__ATOMIC_RELAXED) > 1;", "^arrays$"),
    # Forward, backward and step on any backend.
    ("the wrong m in a ragged minibatch", "src/training/step/optimisation.c", "(float)(options->eta / m)", "(float)(options->eta / options->batch)", "^backends_cpu$"),
    ("the step goes uphill", "src/training/step/optimisation.c", "(float)(options->eta / m)", "(float)(-options->eta / m)", "^backends_cpu$"),
    ("the last minibatch is dropped", "src/training/step/crew.c", "if (ragged > 0)", "if (ragged > 100000)", "^backends_cpu$"),
    ("biases of another layer", "src/training/step/propagate.c", "theta + pass->layout.b[l];", "theta + pass->layout.W[l];", "^backends_cpu$"),
    # What is added to the cost, and what is made of a gradient.
    ("BP2 without dropout's factor", REFERENCE, "factor_in[k] * sum *", "sum *", "^matrix_cpu$"),
    ("the L2 penalty is twice its gradient's", REFERENCE, "objective->l2 / 2 * w * w", "objective->l2 * w * w", "^matrix_cpu$"),
    ("L1 without its sign", "src/base/functions.h", "w > 0 ? l1 : w < 0 ? -l1 : 0", "l1", "^matrix_cpu$"),
    ("momentum that is none", "include/annc_functions.h", "eta * v,  FIRST", "eta * g,  FIRST", "^optimisers$"),
    ("Nesterov looks nowhere ahead", "include/annc_functions.h", "eta * (g + mu * v)", "eta * v", "^optimisers$"),
    ("RMSprop forgets nothing", "include/annc_functions.h", "rho * s + (1 - rho) * (g * g),  eta * OVER_ROOT(g", "s + (1 - rho) * (g * g),  eta * OVER_ROOT(g", "^optimisers$"),
    ("Adam's second correction left out", "src/training/step/optimisation.c", ".c2 = (float)(1 / sqrt(1 - pow(options->rho, t)))", ".c2 = 1", "^matrix_cpu$"),
    ("biases decay too", "src/training/step/optimisation.c", "rule, 0, cursor, optimisation->d_rates, n, G + b", "rule, options->decay, cursor, optimisation->d_rates, n, G + b", "^matrix_simulated$"),
    ("no warm-up", "src/training/step/schedule.c", "t < warm ? (t + 1) / warm : 1", "t < warm ? 1 : 1", "^optimisers$"),
    ("smoothing takes and does not give", "src/training/step/propagate.c", ".on = (float)(1 - e + off)", ".on = (float)(1 - e)", "^matrix_cpu$"),
    ("dropout in forward alone", "src/training/step/propagate.c", "    if (dropped > 0)\n", "    if (dropped > 1)\n", "^matrix_cpu$"),
    ("clipping by the sum", "src/backend/cpu/norms.c", "squares += (double)G[i] * (double)G[i];", "squares += (double)G[i];", "^matrix_cpu$"),
    ("rows are bounded by columns", "src/backend/cpu/norms.c", "float *row = W + (size_t)j * n_in;", "float *row = W + (size_t)j * n;", "^matrix_cpu$"),
    ("the state is not kept (kernel)", "kernels/update.cu", "store(v_state + i, v);", "store(v_state + i, annc_elements<width>());", "^matrix_simulated$"),
    ("the last partial sum is lost (kernel)", "kernels/update.cu", "half = blockDim.x / 2; half > 0", "half = blockDim.x / 2; half > 1", "^matrix_simulated$"),
    ("dropout does not scale the units that it keeps (kernel)", "kernels/dropout.cu", "annc_dropout_scale(share), m", "1.0f, m", "^matrix_simulated$"),
    ("all examples draw alike (kernel)", "kernels/dropout.cu", "annc_dropout_block(first + r, j, n)", "annc_dropout_block(first, j, n)", "^matrix_simulated$"),
    ("class weights are left out of the cost (kernel)", "kernels/score.cu", "{weights ? (double)weights[r] * cost : cost, is_correct}", "{cost, is_correct}", "^matrix_simulated$"),
    ("weights of rows are left out (kernel)", "kernels/gather.cu", "const float own = examples.weights ? examples.weights[example] : 1;", "const float own = 1;", "^weights_simulated$"),
    ("classes and rows do not multiply (kernel)", "kernels/gather.cu", "own * class_weights[examples.labels[example]]", "class_weights[examples.labels[example]]", "^weights_simulated$"),
    ("weights of rows are left out", "src/backend/cpu/cpu_rows.c", "const float own = examples->weights ? examples->weights[example] : 1;", "const float own = 1;", "^weights_cpu$"),
    ("the reference leaves out weights of rows", REFERENCE, "examples->weights ? (double)examples->weights[i] : 1;", "1;", "^weights_cpu$"),
    ("the engine weighs the rows of another minibatch", "src/backend/cpu/cpu_step.c", "annc_cpu_weight_of(examples, job->weights, these[r])", "annc_cpu_weight_of(examples, job->weights, these[0])", "^weights_cpu$"),
    ("a window has the weights of the last one", "src/training/step/feed.c", "rows->weights[i] = examples->weights[example];", "rows->weights[i] = examples->weights[i];", "^weights_simulated$"),
    ("weights are not scaled to mean 1", "src/dataset/prepare/dataset.c", "weights[i] = (float)((double)weights[i] * examples->count / sum);", "weights[i] = (float)((double)weights[i] * examples->count / examples->count);", "^weights_cpu$"),
    ("scaling ignores weights of rows", "src/dataset/prepare/ranges.c", "isnan(x) ? 0 : weight * x;", "isnan(x) ? 0 : x;", "^(tables|inferred)$"),
    ("rows of weight 0 stay in arrays", "src/dataset/tables/table.c", "        if (table->weights[row] > 0)\n            annc_table_move_row", "        if (table->weights[row] >= 0)\n            annc_table_move_row", "^arrays$"),
    ("the area under the curve counts rows", "src/training/run/metrics.c", "+= scored[i].weight;", "+= 1;", "^metrics$"),
    ("the accuracy counts rows", "src/training/run/evaluate.c", "            evaluation->correct_weight += weight;", "            evaluation->correct_weight += 1;", "^weights_cpu$"),
    ("class weights are left out of the error (kernel)", "kernels/delta.cu", "d.at[e] *= weights[r];", "d.at[e] *= 1;", "^matrix_simulated$"),
    # Evaluations beside the next epoch.
    ("an evaluation beside an epoch reads parameters that change", "src/training/run/evaluate.c", "begin_window(evaluator, evaluator->d_theta, 0,", "begin_window(evaluator, annc_trainer_theta(trainer), 0,", "^cuda_devices_deferred$"),
    ("a checkpoint comes before its epoch's evaluation", "src/training/run/training_run.c", "!(every > 0 && epoch % every == 0);", "every < 1000;", "^cuda_devices$"),
    ("a stop after an epoch loses its evaluation", "src/training/run/training_run.c", "annc_run_finish(run, end_evaluation_after(run, status));", "annc_run_finish(run, status);", "^cuda_devices$"),
    ("an epoch takes the outcome of the one before", "src/training/run/training_run.c", "return may_go_on(run) ? begin_evaluation", "return may_go_on(run) && !run->outcome.epoch.epoch ? begin_evaluation", "^cuda_devices$"),
    # Predictions of a row alone.
    ("predictions take the library's products", CPU, "annc_builtin_nt(m, job->n,", "annc_gemm_nt(m, job->n,", "^rows_(cpu|haswell)$"),
    ("a device's chunks are as small as the data", "src/training/run/evaluate.c", "on_host ? examples : (examples - 1) / block * block + block", "examples", "^rows_simulated$"),
    ("a device's products of predictions are as large as its chunks", "src/backend/cuda/backend_cuda.c", "for (; rows < m; rows += block)", "for (block = (m - 1) / block * block + block; rows < m; rows += block)", "^rows_simulated$"),
    ("later blocks of a chunk are computed from the first", "src/backend/cuda/backend_cuda.c", "block, n, n_in, 1, A_in + (size_t)rows * n_in, W, 0,", "block, n, n_in, 1, A_in, W, 0,", "^rows_simulated$"),
    ("a device's chunks are single blocks", "src/training/run/evaluate.c", "bytes > BLOCK_BYTES ? rows_within(bytes, shape, LARGEST_CHUNK) : block", "block", "^cuda_devices$"),
    # The range at use against the range in training.
    ("bytes stay for a model of 0...1", "src/dataset/prepare/preparation.c", "return table->type == ANNC_BYTES && preparation->scale", "return table->type != ANNC_BYTES && preparation->scale", "^units$"),
    ("a column's unit is never compared", "src/dataset/prepare/ranges.c", "is_outside(mean, mean, low, high, CLEARLY)", "is_outside(mean, mean, low, high, 1e9)", "^units$"),
    ("pixels far inside are taken", "src/dataset/prepare/ranges.c", "here * PIXELS_INSIDE > there", "here * PIXELS_INSIDE > 0 * there", "^units$"),
    ("deviations without the mean", "src/dataset/prepare/ranges.c", "squares / count - sum / count * (sum / count)", "squares / count", "^units$"),
    # Formats that are not read.
    ("a pickle is a header of 640 bytes", "src/formats/first_bytes.c", "first[1] <= 5 && first[2] != 0", "first[1] <= 5 && first[2] == 0", "^first_bytes$"),
    ("archives of others are opened", "src/formats/zip.c", "        if (other)\n            return annc_fail", "        if (!other)\n            continue;\n        if (zip->count > 1000)\n            return annc_fail", "^first_bytes$"),
    # Data.
    ("nothing is held out", "src/dataset/prepare/split.c", "        if (held[row])\n", "        if (held[row] && row > 1000000)\n", "^tables$"),
    ("held out without regard to classes", "src/dataset/prepare/split.c", "return table->labels.index ? table->labels.index[row] : 0;", "return 0;", "^tables$"),
    ("classes in the order of the file", "src/dataset/prepare/classes.c", "qsort(*sorted, n, sizeof **sorted, order);", "(void)by_number;", "^tables$"),
    ("interlaced rows are taken too early", "src/formats/picture.c", "pass == passes - 1", "pass == 0", "^pictures$"),
    ("16 bits are cut, not scaled", "src/formats/picture.c", "png_set_scale_16(png);", "png_set_strip_16(png); png_set_gamma(png, 1, 0.9);", "^pictures$"),
    ("what is transparent is always over white", "src/formats/picture.c", "light > MIDDLE * drawn ? 0 : OPAQUE", "OPAQUE", "^pictures$"),
    ("pictures are never inverted", "src/dataset/pictures/picture_table.c", "*inverted = annc_ring_quantile(&ring, 0.5) > MIDDLE;", "*inverted = false;", "^pictures$"),
    ("the paper stays", "src/dataset/pictures/picture_table.c", "return look->flat &&", "return !look->flat &&", "^pictures$"),
    ("the ink's box is put in the middle, not its mass", "src/dataset/pictures/picture_table.c", "mass > 0 ? moment / mass : middle", "(down ? rows : columns) / 2.0", "^pictures$"),
    ("no model is taken for one of MNIST", "src/dataset/pictures/image_style.c", "counts.mnist_light : counts.mnist_dark) >= almost_all", "counts.mnist_light : counts.mnist_dark) > 2 * almost_all", "^pictures$"),
    ("V keeps the weights before the step", "src/backend/cpu/cpu_step.c", "        annc_worker_transpose(worker, l);", "        ;", "^fused_"),
    ("V keeps the weights before the update", "src/backend/cpu/cpu_update.c", "            annc_worker_transpose(worker, l);", "            ;", "^fused_"),
    ("the pieces of a product begin anew", "src/backend/cpu/loops/cpu_loops.h", "q.start = k > 0 ? ANNC_START_THERE : p->start;", "q.start = p->start;", "^fused_"),
    ("a product's copy is of the first strip", "src/backend/cpu/loops/cpu_loops.h", "copy_strip(vectors, p->K, B, p->B.row", "copy_strip(vectors, p->K, p->B.at, p->B.row", "^fused_"),
    ("the last columns are not transposed", "src/backend/cpu/loops/cpu_transpose.h", "for (; c < columns; c++)", "for (; c + 1 < columns; c++)", "^fused_"),
    ("moved images are cut at the edge of their ink", "src/backend/cpu/loops/cpu_images.h", "const float margin = 1.0625f;", "const float margin = 0.0625f;", "^fused_"),
    ("the last columns of an image have no ink", "src/backend/cpu/loops/cpu_images.h", "if (c < n && n > PIXELS)", "if (c < n && n > 2 * PIXELS)", "^fused_"),
    ("every image of a minibatch is moved alike", "src/backend/cpu/cpu_moved.c", "job->cursor->first + position,", "job->cursor->first,", "^(fused_|matrix_cpu)"),
    ("lists of the next step overwrite those in use", "src/backend/cpu/cpu_moved.c", "enum { STEPS_UNDER_WAY = 3 };", "enum { STEPS_UNDER_WAY = 1 };", "^fused_"),
    ("the audit's equations move no images", "src/training/step/reference.c", "    if (reference->image)\n        augment(reference, number);\n", "", "^(check|matrix_cpu)$"),
    ("spare places of a list are real inputs", "src/backend/cpu/cpu_sparse.c", "(uint16_t)(n + count % ANNC_OCTET)", "(uint16_t)(count % ANNC_OCTET)", "^fused_"),
    ("steps that are odd share room with those that are even", "src/backend/cpu/cpu_step.c", "layer->D = worker->own_D[parity];", "layer->D = worker->own_D[0];", "^fused_"),
    ("targets of the minibatch before stay", "src/backend/cpu/cpu_step.c", "y[worker->wanted[r]] = values.off;", ";", "^fused_"),
    ("outputs are overwritten before they are scored", "src/backend/cpu/cpu_step.c", "if (fused->layers == 1)\n            score_previous_step", "if (fused->layers == 0)\n            score_previous_step", "^fused_"),
    ("a block of rows forgets the gradient of those before", "src/backend/cpu/cpu_step.c", "worker->row == 0 ? ANNC_START_ZERO : ANNC_START_THERE", "ANNC_START_ZERO", "^fused_"),
    ("blocks of rows have equal noise", "src/backend/cpu/cpu_step.c", "annc_cursor_position(cursor, number, 0) + worker->row;", "annc_cursor_position(cursor, number, 0);", "^fused_"),
    ("a product takes the fourth row for the third", "src/backend/cpu/loops/cpu_loops.h", "three = 3 * one;", "three = 2 * one;", "^fused_"),
    ("the other way round is not updated", "src/backend/cpu/cpu_step.c", ".M = delta.n,", ".M = delta.n / 2,", "^fused_"),
    ("of equal outputs the highest wins", "src/backend/cpu/loops/cpu_loops.h", "(j < wanted && !(a[j] < a[wanted]))", "(j > wanted && !(a[j] < a[wanted]))", "^fused_"),
    ("an engine's states stay in it", "src/backend/cpu/cpu_fused.c", "            write_part(worker, part);", "            write_part(worker, 0);", "^(matrix_cpu|checkpoint_cpu)$"),
    ("V does not learn", "src/backend/cpu/cpu_update.c", "layer->all * layer->stride_in, layer->gV, V[ANNC_THETA]", "0, layer->gV, V[ANNC_THETA]", "^fused_"),
    ("the engine clips by the weights' norm alone", "src/backend/cpu/cpu_update.c", "        kernels->add_squares(1, ANNC_PAD, NULL, layer->gb + unit, column);\n", "", "^fused_"),
    ("padding counts in the engine's norm", "src/backend/cpu/cpu_update.c", "j < ANNC_PAD && unit + j < layer->n;", "j < ANNC_PAD;", "^fused_"),
    ("the engine has no penalties", "src/backend/cpu/cpu_update.c", "    if (penalises(fused))\n        penalise(worker, l);\n", "", "^fused_"),
    ("the other way round has no limit of norms", "src/backend/cpu/cpu_update.c", "if (part->factor[j] != 1)", "if (part->factor[j] > 1)", "^fused_"),
    ("dropped units have an error (fused)", "src/backend/cpu/cpu_step.c", "        worker->fused->kernels->multiply_by(m * below->stride, below->F, below->delta);", "        ;", "^fused_"),
    ("units of a share are dropped like the first ones", "src/backend/cpu/loops/cpu_random.h", "first + 4 * at", "4 * at", "^fused_"),
    ("a gradient stays for the next minibatch", "src/backend/cpu/loops/cpu_loops.h", "                v_store(G + i, v_zero());\n", "", "^fused_"),
    ("weights without a gradient rest under any rule", "src/backend/cpu/loops/cpu_loops.h", "(optimiser == ANNC_SGD || optimiser == ANNC_ADAGRAD);", "true;", "^fused_"),
    ("weights without a gradient do not decay", "src/backend/cpu/loops/cpu_loops.h", "update.decay == 0 && (optimiser", "(optimiser", "^fused_"),
    ("the last few parameters are not updated", "src/backend/cpu/loops/cpu_loops.h", "    memcpy(theta + i, last[1], bytes);\n", "", "^fused_"),
    ("noise loses its sign", "src/base/philox.h", "(quadrant & 2 ? -a : a)", "(quadrant & 2 ? a : a)", "^philox$"),
    ("noise without the half step of u", "src/base/philox.h", "* two_to_minus_23 + two_to_minus_23 / 2;", "* two_to_minus_23 + two_to_minus_23 / 9;", "^philox$"),
    ("the last inputs of a row have no noise", "src/backend/cpu/loops/cpu_random.h", "add_deviates(n - j, seed,", "add_deviates(n - j - 1, seed,", "^fused_"),
    ("the engine drops no inputs", "src/backend/cpu/cpu_step.c", "    fused->kernels->multiply_by(m * stride, worker->F, worker->X);\n", "", "^fused_"),
    ("older distortion is resumed", "src/training/run/checkpoint.c", "    state->elastic = 1;", "    state->elastic = 2;", "^checkpoint_cpu$"),
    ("a Gaussian of twice the variance", "src/backend/augmentation.h", "(double)k * k / (2 * sigma * sigma)", "(double)k * k / (4 * sigma * sigma)", "^augmentation$"),
    ("smoothing down the columns goes along the rows", "src/backend/augmentation.h", "(int)(i / columns % rows), (int)rows, (int)columns);", "(int)(i % columns), (int)columns, 1);", "^augmentation$"),
    ("images shrink where they should grow", "src/backend/augmentation.h", "(float)(cosine / times)", "(float)(cosine * times)", "^augmentation$"),
    ("ink that zoom enlarges is cut off", "src/backend/cpu/loops/cpu_images.h", "const float cosine = warp->cosine * warp->zoom * warp->zoom,", "const float cosine = warp->cosine,", "^fused_"),
    ("numbers behind the edge are smoothed, too", "src/backend/cpu/loops/cpu_images.h", "const whole there = (whole)number & (pixel < (int32_t)left);", "const whole there = (whole)number;", "^fused_"),
    ("older noise is resumed", "src/training/run/checkpoint.c", "    state->noise = 1;", "    state->noise = 2;", "^checkpoint_cpu$"),
    ("Adam's mean is not corrected", "src/training/step/optimisation.c", "eta / (1 - pow(options->mu, t))", "eta", "^matrix_cpu$"),
    ("biases decay in the engine", "src/backend/cpu/cpu_update.c", "    update.decay = 0;\n", "", "^(matrix_cpu|fused_avx2)$"),
    ("lists of one data set serve another", "src/backend/cpu/cpu_staged.c", "while (all && all->host != host)", "while (all && !all->host)", "^(fused_avx2|train|cli)$"),
    ("a sum of chains loses one", "src/backend/cpu/loops/cpu_loops.h", "for (int width = CHAINS / 2; width > 0; width /= 2)", "for (int width = CHAINS / 2; width > 1; width /= 2)", "^fused_"),
    ("values above the range walk no further", "src/backend/cpu/loops/cpu_loops.h", "outside += to[i] >= order->n;", "outside += to[i] > order->n;", "^fused_"),
    ("the worst epoch is kept", "src/training/run/training_run.c", "!annc_epoch_is_better(state->last.validation.loss, state->best.epoch.epoch, state->best.validation.loss)", "!annc_epoch_is_better(-state->last.validation.loss, state->best.epoch.epoch, -state->best.validation.loss)", "^runs$"),
    ("an ensemble is a sum", "src/network/join.c", "last ? 1 / (float)count : 1", "1", "^sweep$"),
    ("seeds of a sweep split the data anew", "src/cli/train/command_sweep.c", "snprintf(texts->split_seed, sizeof texts->split_seed, \"%s\", value[OPTION_SEED].text);", "snprintf(texts->split_seed, sizeof texts->split_seed, \"9\");", "^sweep$"),
    ("CR LF cut in two is two line ends", "src/dataset/text/records.c", "length == 1 && records->text[at]", "length > 5 && records->text[at]", "^reader$"),
    ("a record ends where the text that is held does", "src/dataset/text/records.c", "(length == 0 || is_lone)", "is_lone", "^reader$"),
    ("rows before a mistake are lost", "src/dataset/reader.c", "if (status != ANNC_OK && table->rows == 0)", "if (status != ANNC_OK)", "^reader$"),
    ("rows wait for a piece to be full", "src/dataset/tables/csv.c", "annc_records_wait(records, false);", "annc_records_wait(records, true);", "^predict$"),
    ("the least probable classes", "src/cli/model/predictions.c", "class_output(predictions, outputs, c) >", "class_output(predictions, outputs, c) <", "^predict$"),
    ("the standard deviation of a sample", "src/dataset/prepare/ranges.c", "sqrt(deviation[j] / n[j])", "sqrt(deviation[j] / (n[j] - 1))", "^tables$"),
    ("indices of libsvm begin at 1", "src/dataset/text/sparse.c", "least == 0 || (is_known && known_least == 0) ? 0 : 1", "1", "^text_files$"),
    ("comments are rows", "src/dataset/text/preamble.c", "    records->begin = kept;\n", "", "^text_files$"),
    ("a header may repeat", "src/dataset/tables/columns.c", "columns->has_header && looks_like_header && columns->repeats > 0", "false", "^text_files$"),
    ("pictures lie as they are stored", "src/formats/orientation.c", "if (orientation < 2)", "if (orientation < 9)", "^own_pictures$"),
    ("ink at the border is paper", "src/dataset/pictures/picture_table.c", "if (is_mixed(&ring, (least + most) / 2)) {", "if (false) {", "^own_pictures$"),
    ("pale ink stays pale", "src/dataset/pictures/picture_table.c", "if (paper == 0 && most >= PALE)", "if (paper == 0)", "^own_pictures$"),
    ("a decimal comma is a thousands mark", "src/dataset/tables/columns.c", "    columns->decimal = ',';", "    columns->decimal = '.';", "^tables$"),
    ("Fortran's order is C's", "src/formats/npy.c", "    if (!fortran_order)\n        return i;", "    if (i + 1 > 0)\n        return i;", "^numpy$"),
    ("the checksum is not looked at", "src/formats/zip.c", "unpacking->crc != member->crc", "unpacking->crc != unpacking->crc", "^numpy$"),
    ("the best epoch is the last", "src/training/run/early_stopping.c", "loss < best_loss", "true", "^(train|training)$"),
    ("patience counts one epoch more", "src/training/run/early_stopping.c", "epoch - best_epoch >= patience", "epoch - best_epoch > patience", "^train$"),
    ("equal shapes in the order of text", "src/network/files/layer_order.c", "if (search.found_count > 1 || search.steps == MOST_STEPS)", "if (search.found_count > 2)", "^models$"),
    ("layers of others in the order of text", "src/network/files/layer_order.c", "if (is_digit(*x) && is_digit(*y)) {", "if (is_digit(*x) && is_digit(*y) && *x == 0) {", "^models$"),
    # The audit itself.
    ("the audit takes a negated gradient", "src/training/check/gradient_check.c", "fabs((double)audit->device_gradient[i] - audit->gradient[i])", "fabs(fabs((double)audit->device_gradient[i]) - fabs(audit->gradient[i]))", "^check$"),
    ("the audit lets NaN through", "src/training/check/gradient_check.c", "row->pass = row->worst <= row->tolerance && row->normwise <= row->tolerance;", "row->pass = !(row->worst > row->tolerance) && !(row->normwise > row->tolerance);", "^check$"),
    # The CPU.
    ("bytes not divided (CPU)", "src/backend/cpu/loops/cpu_lists.h", "x[j] = (float)bytes[j] * factor;", "x[j] = (float)bytes[j] + 0 * factor;", "^backends_cpu$"),
    ("the same minibatch every step (CPU)", CPU, "annc_cursor_held(cursor, cursor->step, r)", "annc_cursor_held(cursor, 0, r)", "^backends_cpu$"),
    ("BP1 with the wrong sign (CPU)", "src/backend/cpu/loops/cpu_loops.h", "delta[i] = derivative;", "delta[i] = -(derivative);", "^backends_cpu$"),
    ("BP2 with W for its transpose (CPU)", CPU, "annc_gemm_nn(m, n, n_next, 1, delta_next, W_next, 0, delta);", "annc_gemm_nt(m, n, n_next, 1, delta_next, W_next, 0, delta);", "^backends_cpu$"),
    ("BP2 without f' (CPU)", CPU, "cpu(device)->kernels->times_derivative(f, (size_t)m * n, Z, A, delta);", "(void)f, (void)Z, (void)A;", "^backends_cpu$"),
    ("BP3 misses a row (CPU)", CPU, "for (uint32_t r = 0; r < m; r++)\n            for (uint32_t j = 0; j < width; j++)", "for (uint32_t r = 1; r < m; r++)\n            for (uint32_t j = 0; j < width; j++)", "^backends_cpu$"),
    ("the cost of one output only (CPU)", CPU, "score.cost += ", "score.cost = ", "^backends_cpu$"),
    # The kernels and the CUDA backend, run on the CPU.
    ("bytes not divided (kernel)", "kernels/gather.cu", "X_row[j] = (float)row[j] * factor;", "X_row[j] = (float)row[j] + 0 * factor;", "^backends_simulated$"),
    ("bytes of a word in another order (kernel)", "kernels/gather.cu", "word >> 8 * e & 0xFF", "word >> (24 - 8 * e) & 0xFF", "^backends_simulated$"),
    ("a row ends late in a four (kernel)", "kernels/delta.cu", "j = j + 1 == n ? 0 : j + 1;", "j = j + 1;", "^backends_simulated$"),
    ("a row's weight is that of the row before (kernel)", "kernels/delta.cu", "r += j + 1 == n;", "r += 0;", "^(matrix|weights)_simulated$"),
    ("row-wise errors without weights (kernel)", "kernels/delta.cu", "closed_form ? gradient * weight : gradient", "gradient", "^(matrix|weights)_simulated$"),
    ("the last units of a row are not dropped (kernel)", "kernels/dropout.cu", "if (j + e < n)\n                    out", "if (j + 4 <= n)\n                    out", "^matrix_simulated$"),
    ("one-hot one off (kernel)", "kernels/gather.cu", "(outputs == 1 ? 1 : (int32_t)j)", "(outputs == 1 ? 1 : (int32_t)j + 1)", "^backends_simulated$"),
    ("no bias in forward (kernel)", "kernels/activate.cu", "z.at[e] += bias.at[e];", "z.at[e] += 0 * bias.at[e];", "^backends_simulated$"),
    ("softmax not normalised (CPU)", "src/backend/cpu/loops/cpu_loops.h", "z[r * stride + j] -= log_sum;", "z[r * stride + j] -= 0 * log_sum;", "^backends_cpu$"),
    ("softmax not normalised (kernel)", "kernels/rows.cuh", "z[j] -= log_sum;", "z[j] -= 0 * log_sum;", "^backends_simulated$"),
    ("BP1 without the Jacobian's mean (kernel)", "kernels/delta.cu", "a[j] * (delta[j] - mean) * weight", "a[j] * (delta[j] - 0 * mean) * weight", "^backends_simulated$"),
    ("BP2 without f' (kernel)", "kernels/delta.cu", "d.at[e] = d.at[e] * annc_activation_derivative_f32(F, z.at[e], a.at[e]);", "d.at[e] = d.at[e] + 0 * annc_activation_derivative_f32(F, z.at[e], a.at[e]);", "^backends_simulated$"),
    ("BP3 misses a warp (kernel)", "kernels/tiles.cuh", "for (unsigned i = 1; i < blockDim.y; i++)", "for (unsigned i = 2; i < blockDim.y; i++)", "^backends_simulated$"),
    ("BP3 misses a part of the rows (kernel)", "kernels/tiles.cuh", "for (uint32_t i = threadIdx.y; i < tiles; i += blockDim.y)", "for (uint32_t i = threadIdx.y + 1; i < tiles; i += blockDim.y)", "^backends_simulated$"),
    ("no barrier in BP3 (kernel)", "kernels/tiles.cuh", "of[threadIdx.y][threadIdx.x] = value;\n    __syncthreads();", "of[threadIdx.y][threadIdx.x] = value;", "^backends_simulated"),
    ("half the scores (kernel)", "kernels/score.cu", "sum_of_parts(reductions->score, gridDim.x)", "sum_of_parts(reductions->score, (gridDim.x + 1) / 2)", "^backends_simulated$"),
    ("ties go to the last class (kernel)", "kernels/score.cu", "other.index < one.index", "other.index > one.index", "^backends_simulated$"),
    ("a block's part comes late (kernel)", "kernels/reductions.cuh", "atomicInc(ended, blocks - 1) == blocks - 1", "atomicInc(ended, blocks - 1) == 0", "^backends_simulated$"),
    ("the cursor stays (kernel)", "kernels/score.cu", "cursor->next = step + 1;", "cursor->next = step;", "^backends_simulated$"),
    ("lanes of a pair swapped (kernel)", "kernels/initialise.cu", "(float)(scale * pair[lane])", "(float)(scale * pair[1 - lane])", "^backends_simulated$"),
    ("a block's parts lose one (block)", "kernels/block/block_layers.cuh", "for (uint32_t i = 0; i < layer.splits; i++)\n        sum += part", "for (uint32_t i = 1; i < layer.splits; i++)\n        sum += part", "^block_simulated$"),
    ("no bias (block)", "kernels/block/block_layers.cuh", "return z + block.parameters[layer.b + u];", "return z + 0 * block.parameters[layer.b + u];", "^block_simulated$"),
    ("softmax not normalised (block)", "kernels/block/block_layers.cuh", "z[j] -= log_sum;", "z[j] -= 0 * log_sum;", "^block_simulated$"),
    ("BP1 without the Jacobian's mean (block)", "kernels/block/block_layers.cuh", "a[j] * (delta[j] - mean)", "a[j] * (delta[j] - 0 * mean)", "^block_simulated$"),
    ("class weights are left out of the error (block)", "kernels/block/block_layers.cuh", "delta[j] = d * weight;", "delta[j] = d;", "^block_simulated$"),
    ("BP2 without f' (block)", "kernels/block/block_layers.cuh", "sums[c] * annc_activation_derivative_f32(layer.activation, z, a) *", "sums[c] *", "^block_simulated$"),
    ("dropped units have an error (block)", "kernels/block/block_layers.cuh", "annc_activation_derivative_f32(layer.activation, z, a) *\n                                                kept(block, l, example_of(block, step, r), k + c);", "annc_activation_derivative_f32(layer.activation, z, a);", "^block_simulated$"),
    ("the last minibatch is a full one (block)", "kernels/block/block.cuh", "return least(block.plan.batch, block.network.examples.count - annc_cursor_position(&block.cursor, step, 0));", "return block.plan.batch;", "^block_simulated$"),
    ("all steps have the first one's examples (block)", "kernels/block/block_gather.cuh", "annc_cursor_position(&block.cursor, step, r));\n}", "annc_cursor_position(&block.cursor, 0, r));\n}", "^block_simulated$"),
    ("biases decay (block)", "kernels/block/block_update.cuh", "(is_weight ? 1 - rate.rate.eta * network.decay : 1) * w", "(1 - rate.rate.eta * network.decay) * w", "^block_simulated$"),
    ("the gradient is clipped after its penalty is forgotten (block)", "kernels/block/block_update.cuh", "add(sum[c], w[c], true);", "add(sum[c], w[c], false);", "^block_simulated$"),
    ("no limit of norms (block)", "kernels/block/block_update.cuh", "row[k] *= factor;", "row[k] *= 1;", "^block_simulated$"),
    ("no barrier after the step (block)", "kernels/block/block_train.cu", "        await_copies();\n        __syncthreads(); // also ends the step before\n", "        await_copies();\n", "^block_simulated_small$"),
    ("the score is of the step after (block)", "kernels/block/block_layers.cuh", "annc_score &to = block.network.scores[step];", "annc_score &to = block.network.scores[step ^ 1];", "^block_simulated$"),
    ("all networks are the first (block)", "kernels/block/block_train.cu", "network = networks[blockIdx.x / plan.blocks];", "network = networks[0];", "^block_simulated$"),
    ("a part of Z^1 is missing (split)", "kernels/block/block_layers.cuh", "for (uint32_t rank = 0; rank < block.plan.blocks; rank++)\n            z +=", "for (uint32_t rank = 1; rank < block.plan.blocks; rank++)\n            z +=", "^split_simulated$"),
    ("blocks do not meet before Z^1 (split)", "kernels/block/block_layers.cuh", "    meet(block.meeting, block.plan.blocks);\n}\n\n// Returns z of one", "}\n\n// Returns z of one", "^split_simulated$"),
    ("blocks do not meet before the step (split)", "kernels/block/block_layers.cuh", "    meet(block.meeting, blocks);\n", "", "^split_simulated$"),
    ("no deltas of other blocks' rows (split)", "kernels/block/block_layers.cuh", "            send_row(block, row + layer.delta, layer.n, rank);\n", "", "^split_simulated$"),
    ("no activations of other blocks' rows (split)", "kernels/block/block_layers.cuh", "send_row(block, row + layer.input, layer.n, rank);", "send_row(block, row + layer.input, 0, rank);", "^split_simulated$"),
    ("no outputs for the score (split)", "kernels/block/block_layers.cuh", "send_row(block, row + layer.A, layer.n, rank);", "send_row(block, row + layer.A, 0, rank);", "^split_simulated$"),
    ("the norm of a block's gradient alone (split)", "kernels/block/block_update.cuh", "squares += *in_block(own, rank);", "squares += *own;", "^split_simulated$"),
    ("each block's biases count in the norm (split)", "kernels/block/block_update.cuh", "if (block.rank == 0)\n            add(sum, *b, false);", "add(sum, *b, false);", "^split_simulated$"),
    ("a unit's norm is of a block's weights (split)", "kernels/block/block_update.cuh", "squares += in_block(squares_of_units(block), rank)[u];", "squares += squares_of_units(block)[u];", "^split_simulated$"),
    ("noise by the number in the block (split)", "kernels/block/block_gather.cuh", "const uint32_t j = block.own.first_input + k;", "const uint32_t j = k;", "^split_simulated$"),
    ("both states in one place (split)", "kernels/block/block_train.cu", "network.v ? 1 : 0", "0", "^split_simulated$"),
    ("the first network's states for all (split)", "src/backend/cuda/block_engine.c", "states = states_of(jobs[i]) > states ? states_of(jobs[i]) : states;", "states = states_of(jobs[0]);", "^split_simulated$"),
    ("fp32 products in tf32", "src/training/step/propagate.c", "backend->use_precision(pass->device, pass->precision);", "backend->use_precision(pass->device, pass->precision > 0 ? pass->precision : ANNC_TF32);", "^backends_simulated$"),
    ("a precision is not taken", "src/backend/cuda/backend_cuda.c", "    annc_cuda(device)->precision = precision;", "    annc_cuda(device)->precision = ANNC_FP32;\n    (void)precision;", "^backends_simulated$"),
    ("bf16 is tf32", "src/backend/cuda/backend_cuda.c", "return CUBLAS_COMPUTE_32F_FAST_16BF;", "return CUBLAS_COMPUTE_32F_FAST_TF32;", "^backends_simulated$"),
    ("the audit of a precision is in fp32", "src/training/check/gradient_check.c", "device_gradient(audit, device, precision)", "device_gradient(audit, device, ANNC_FP32)", "^backends_simulated$"),
    ("any device has every precision", "src/training/step/engine_choice.c", "return device->backend->use_precision && device->info.compute_capability >= first;", "return device->info.compute_capability < first || device->backend->use_precision;", "^backends_cpu$"),
    ("a new rate is not told (block)", "src/backend/cuda/block_engine.c", "return annc_job_table_send(&engine->table, describe_job, engine);", "static int told;\n    return told++ ? ANNC_OK : annc_job_table_send(&engine->table, describe_job, engine);", "^checkpoint_simulated$"),
    ("staged data are copied for each user", "src/backend/cuda/backend_cuda.c", "while (staged && (staged->host != host || staged->bytes != bytes))", "while (staged)", "^block_simulated$"),
    ("staged data are freed under other users", "src/backend/cuda/backend_cuda.c", "if (!staged || --staged->users > 0)", "if (!staged)", "^block_simulated$"),
    ("a crew of other shapes", "src/training/step/crew.c", "annc_shape_is_same(first->job.shape, other->job.shape)", "true", "^block_simulated$"),
    ("the others of a crew miss the epoch in which one ends", "src/training/run/runs_together.c", "all_go_on = all_go_on && !course->is_done[i];", "all_go_on = all_go_on && !course->is_done[i];\n        if (!all_go_on)\n            break;", "^block_simulated$"),
    ("BP4 with a transpose swapped (CUDA)", CUDA, "product(device, weights, true, false, n, n_in, m, alpha, delta, A_in, beta, W)", "product(device, weights, false, false, n, n_in, m, alpha, delta, A_in, beta, W)", "^backends_simulated$"),
    ("a step too many is recorded (CUDA)", CUDA, "ANNC_TRY(run_first_step(recording));\n        count--;", "ANNC_TRY(run_first_step(recording));", "^backends_simulated$"),
    ("the derivative loads Z and A (kernel)", "kernels/delta.cu", "d.at[e] = d.at[e] * annc_activation", "d.at[e] = d.at[e] + 0 * z.at[e], d.at[e] = d.at[e] * annc_activation", "^budgets$"),
    ("the wide network keeps Z (kernel)", "kernels/activate.cu", "if (Z != A)", "if (n > 0)", "^budgets$"),
    ("biases of layers with dropout change twice", "src/training/step/propagate.c", "dropped > 0 ? NULL : target + pass->layout.b[l - 1]", "target + pass->layout.b[l - 1]", "^matrix_cpu$"),
    ("layers with dropout keep their biases", "src/training/step/propagate.c", "has_no_sums = l == shape->layers || dropped_share(pass, l) > 0;", "has_no_sums = l == shape->layers;", "^matrix_cpu$"),
    ("hidden layers keep their biases (CPU)", CPU, "    if (b)\n        bias_step(m, n, alpha, beta, delta, b);\n    return ANNC_OK;\n}\n\nstatic annc_status cpu_weight_step", "    return ANNC_OK;\n}\n\nstatic annc_status cpu_weight_step", "^backends_cpu$"),
    ("steps begin before their examples have come", "src/training/step/feed.c", "    ANNC_TRY(feed->device->backend->await_copies(feed->device));\n    feed->is_filled = false;", "    feed->is_filled = false;", "^cuda_devices_deferred$"),
    ("the next window waits for the steps", "src/training/step/crew.c", "    if (left > 0 && ran == ANNC_OK)\n        ANNC_TRY(annc_feed_fill(", "    sum_all_scores(course, before, results);\n    if (left > 0 && ran == ANNC_OK)\n        ANNC_TRY(annc_feed_fill(", "^cuda_devices$"),
    ("scores wait for the errors (CUDA)", "src/training/step/trainer.c", "    ANNC_TRY(annc_pass_score(pass, job->cursor, rows, job->scores, NULL));\n    ANNC_TRY(annc_optimisation_step(&trainer->optimisation, pass, job->cursor, m, own, job->theta));\n", "    ANNC_TRY(annc_optimisation_step(&trainer->optimisation, pass, job->cursor, m, own, job->theta));\n    ANNC_TRY(annc_pass_score(pass, job->cursor, rows, job->scores, NULL));\n", "^budgets$"),
    ("weights wait for the derivative (CUDA)", "src/backend/cuda/branches.c", "const bool is_marked = errors && errors == branches->errors;", "const bool is_marked = false && errors == branches->errors;", "^budgets$"),
    ("a step begins before the branches end (CUDA)", CUDA, "    CUDA_TRY(annc_branches_join(&annc_cuda(device)->branches)); /* of the step before */\n", "", "^backends_simulated_shuffled$"),
    ("weights change before they are used (CUDA)", "src/backend/cuda/branches.c", "errors && errors == branches->errors", "errors && branches->errors", "^backends_simulated_shuffled$"),
    ("gradients are used before they are complete (CUDA)", CUDA, "        CUDA_TRY(annc_branches_join(&annc_cuda(device)->branches));                                                    \\\n", "", "^backends_simulated_shuffled$"),
    ("the block of steps is recorded late (CUDA)", CUDA, "job->examples->count / job->batch >= RECORDED_STEPS", "job->examples->count / job->batch > RECORDED_STEPS", "^cuda_faults$"),
    # Engines and the audit.
    ("an engine that refuses is taken", "src/training/step/engine_choice.c", "        if (why)\n            *refusal = why;\n        else if (!best", "        if (why && !device)\n            *refusal = why;\n        else if (!best", "^registry$"),
    ("the slower device is taken", "src/training/step/engine_choice.c", "run_seconds(other->backend->kind, seconds, steps) <=", "run_seconds(other->backend->kind, seconds, steps) >", "^registry$"),
    ("numbers below fp32's range are held", "src/training/check/gradient_check.c", "magnitude > 0 ? magnitude + UNDERFLOW : 0", "magnitude", "^check$"),
    ("zeros are sampled first", "src/training/check/gradient_check.c", "sampler.nonzero_left += gradient[i] != 0;", "sampler.nonzero_left += 0;", "^check$"),
    ("a resumed schedule has the new length", "src/training/run/checkpoint.c", "trainer->options.schedule.epochs = (uint32_t)state.schedule;", ";", "^resume$"),
    ("the optimiser's second state is lost", "src/training/run/checkpoint.c", "    ANNC_TRY(load_block(trainer, checkpoint, SECOND_BLOCK, optimisation->s));\n", "", "^checkpoint_cpu$"),
    ("the loss of a broken epoch is lost", "src/training/run/checkpoint.c", ".loss = state.loss,", ".loss = 0,", "^checkpoint_cpu$"),
    ("a plateau begins anew", "src/training/run/checkpoint.c", "optimisation->waited = (uint32_t)state.waited;", "optimisation->waited = 0;", "^checkpoint_cpu$"),
    ("a broken epoch begins anew", "src/training/step/crew.c", "cursor.step = cursor.next = step;", "cursor.step = cursor.next = 0;", "^checkpoint_cpu$"),
    ("the best parameters are lost", "src/training/run/training_run_checkpoint.c", "    if (best)\n", "    if (best && run->state.epochs > 1000000)\n", "^runs$"),
    ("another minibatch goes on", "src/cli/options/resume.c", "return a->whole == b->whole;", "return true;", "^resume$"),
    # Memory, threads and CUDA that are refused.
    ("a block that could not grow did", "src/base/allocate.c", "    if (!resized)\n        return refused(bytes, what);\n", "    if (!resized)\n        return ANNC_OK;\n", "^faults$"),
    ("threads leave a table behind", "src/base/pool.c", "    annc_release(pool->thread);\n", "", "^faults$"),
    ("fewer threads than asked for are nothing to tell", "src/base/pool.c", "            status = annc_fail(ANNC_MEMORY,", "            annc_fail(ANNC_MEMORY,", "^faults$"),
    ("an error of CUDA is told twice", CUDA, "    cudaGetLastError();\n    return device->host->fail(error == cudaErrorMemoryAllocation ? ANNC_MEMORY : ANNC_DEVICE,", "    return device->host->fail(error == cudaErrorMemoryAllocation ? ANNC_MEMORY : ANNC_DEVICE,", "^cuda_faults$"),
    ("data that were not copied stay (CUDA)", CUDA, "            cudaFree(staged->memory);\n", "            (void)0;\n", "^cuda_faults$"),
    ("a program without memory fails in another way", "src/cli/terminal/memory.c", "rescue(rescued);\n    _exit(exit_code(ANNC_MEMORY));", "rescue(rescued);\n    _exit(ANNC_FAILURE);", "^refusals$"),
    ("a block that was refused is used", "src/cli/terminal/memory.c", "    if (!block)\n", "    if (!block && count == 7777)\n", "^refusals$"),
    ("a text that was refused is used", "src/cli/terminal/memory.c", "va_end(arguments);\n    end_if_out_of_memory(text->status);", "va_end(arguments);", "^refusals$"),
    ("what the library was refused is passed over", "src/cli/terminal/memory.c", "if (status == ANNC_MEMORY)", "if (status == ANNC_USAGE)", "^refusals$"),
    ("a model is lost for want of memory", "src/cli/terminal/memory.c", "    if (rescue)\n", "    if (rescue && rescued == NULL)\n", "^refusals$"),
    ("a log is emptied before the data are read", "src/cli/train/train_log.c", "O_WRONLY | O_CREAT | O_APPEND", "O_WRONLY | O_CREAT | O_TRUNC | O_APPEND", "^outputs$"),
    ("an output may be a hard link to the data", "src/cli/options/overwriting.c", "a.number == b.number", "(a.kind == NEW_FILE && a.number == b.number)", "^outputs$"),
    ("two new outputs may be one file", "src/cli/options/overwriting.c", "strcmp(a.name, b.name) == 0", "strcmp(a.name, b.name) > a.kind", "^outputs$"),
    ("an empty fold is found by its own turn", "src/dataset/prepare/split.c", "if (folds > table->rows)", "if (folds > table->rows + 100000)", "^training$"),
    ("a model that was refused memory is not tried again", "src/cli/train/command_train.c", "    rescue(session);\n", "", "^refusals$"),
    ("an epoch that is not finite is the best", "src/training/run/training_run.c", "    ANNC_RETURN_IF_FAILED(annc_trainer_store(run->trainer)); /*", "    (void)annc_trainer_store(run->trainer); /*", "^numbers$"),
    ("checkpoints on other data to validate with go on", "src/training/run/training_run_checkpoint.c", "if (then && strcmp(then, measured) != 0)", "if (0)", "^runs$"),
    ("folds with checkpoints train together", "src/training/sweep/cross_validation.c", "course->options->checkpoint || run->checkpoint ||", "course->options->checkpoint ||", "^runs$"),
    ("a failed fold is counted", "src/training/sweep/cross_validation.c", "    if (candidate->status != ANNC_OK)\n        return annc_fail", "    if (candidate->status == ANNC_USAGE)\n        return annc_fail", "^runs$"),
    ("all ranks take the first rows", "src/training/step/crew.c", "        cursor.row = rows.first;\n", "", "^groups$"),
    ("W follow each other without gaps", "src/training/step/layout.c", "W_ALIGNMENT = 64", "W_ALIGNMENT = 1", "^layout_simulated$"),
    ("gaps of the parameters are not cleared", "src/training/step/trainer.c", "layout->count, false, 0, job->theta)", "layout->W[1] + 1, false, 0, job->theta)", "^layout_simulated$"),
    ("an evaluation takes the trainer's parameters for its own", "src/training/run/evaluate.c", "    if (trainer)\n        evaluator->pass.layout = trainer->pass.layout;", "    if (trainer)\n        evaluator->pass.layout = annc_layout_of(evaluator->device->backend, &evaluator->network->shape);", "^layout_simulated$"),
    ("a rank without rows counts one", "src/training/step/optimisation.c", "rows > 0 ? (float)(1.0 / m) : 0,\n", "(float)(1.0 / m),\n", "^groups$"),
    ("the ragged minibatch has the rows of a full one", "src/training/step/crew.c", "        if (trainer->group.size > 1)\n            ANNC_TRY(send_cursor", "        if (trainer->group.size > 1000)\n            ANNC_TRY(send_cursor", "^groups$"),
    ("ranks are summed without the last", "src/backend/mpi/group_mpi.c", "    for (uint32_t r = 1; r < ranks->group.size; r++)\n        for (int i", "    for (uint32_t r = 1; r + 1 < ranks->group.size; r++)\n        for (int i", "^ranks$"),
    ("the parameters of ranks are not compared", "src/training/run/rank_checks.c", "(unsigned)checksum(theta, shape), epoch);", "0U, epoch);", "^groups$"),
    ("rank 0's line stands for both", "src/backend/group.c", "first_difference(other, first, theirs,", "first_difference(first, other, theirs,", "^(groups|ranks)$"),
    ("large layers are summed by no thread", "src/backend/mpi/group_mpi.c", "        sum(ranks, NULL, &next, true);\n", "", "^ranks$"),
    ("a layer's biases are not summed", "src/training/step/propagate.c", "end = pass->layout.end[l];", "end = pass->layout.b[l];", "^groups$"),
    ("srun without MPI is taken for one process", "src/backend/group.c", "\"SLURM_PROCID\", false}", "\"SLURM_PROCIDS\", false}", "^ranks$"),
    ("a complete network ends the sweep", "src/training/sweep/hand_out.c", "    while (out->next < out->count && out->candidates[out->next].is_complete)\n        out->next++;\n", "", "^groups$"),
    ("an error of another rank's network is lost", "src/training/sweep/hand_out.c", "        message.error = *ended->error;", "        message.error = message.error;", "^groups$"),
    ("a network of other data is restored", "src/training/sweep/candidate.c", "    if (then != data)", "    if (then != data && data == 0)", "^groups$"),
    ("a product is one operation per weight", "bench/scaling.py", "flops = 2 * settings.batch", "flops = settings.batch", "^scaling$"),
    ("sums of ranks wait for the errors below", "bench/scaling.py", "        if overlaps:\n            free = max(now, free)", "        if overlaps:\n            now = free = max(now, free)", "^scaling$"),
    ("a network that cannot be made is no error", "bench/mpirun_namespaces.py", "    if result.returncode:\n", "    if False:\n", "^scaling$"),
    ("any mpirun is Open MPI's", "bench/mpirun_namespaces.py", "    if \"Open MPI\" not in version and", "    if False and", "^scaling$"),
    ("a network of other options is restored", "src/cli/train/kept_networks.c", "then && strcmp(then, text.bytes) == 0", "then != NULL", "^ranks$"),
    ("a sweep prints its lines as the networks end", "src/cli/train/command_sweep.c", "        print_line(sweep, sweep->printed);\n", "        print_line(sweep, i);\n", "^ranks$"),
    ("a stopped run is complete", "src/training/run/training_run.c", "        return annc_fail(ANNC_STOPPED, \"stopped after epoch %u\", state->epochs);\n", "        return ANNC_OK;\n", "^runs$"),
    ("a time limit is a stop", "src/training/run/training_run.c", "    if (status == ANNC_STOPPED && !run->is_stopped) {\n", "    if (0) {\n", "^runs$"),
    ("a network is overwritten with what is not finite", "src/training/step/trainer.c", "    ANNC_TRY(annc_trainer_fetch_theta(trainer, fetched));\n    memcpy(trainer->network->theta, fetched, count * sizeof *fetched);", "    ANNC_TRY(annc_trainer_fetch_theta(trainer, trainer->network->theta));", "^train$"),
    ("a network without memory is no loss", "src/cli/train/command_sweep.c", "if (sweep->candidates[i].status == ANNC_MEMORY ||", "if (sweep->candidates[i].status == ANNC_USAGE ||", "^refusals$"),
    ("kernels are not turned", "src/network/files/model_layers.c", "turned[j * n + i];", "turned[i * n_in + j];", "^models$"),
    # Readers, writers and checkpoints.
    ("what a file is, by its first byte", "src/formats/stream.c", "    while (level->filled < stream->least && !level->ended) {", "    while (level->filled == 0 && !level->ended) {", "^file_faults$"),
    ("a write that was interrupted is lost", "src/base/safe_file.c", "written < 0 && errno == EINTR", "written < 0 && errno == ENOSPC", "^file_faults$"),
    ("a write in part is one of all", "src/base/safe_file.c", "bytes -= (size_t)written;", "bytes = 0;", "^file_faults$"),
    ("what could not be written stays", "src/base/temporary_file.c", "        unlink(temporary->name);\n", "        (void)0;\n", "^(file_faults|system)$"),
    ("a file's mode is a new one's", "src/base/safe_file.c", "mode_t mode = old->st_mode & 0777;", "mode_t mode = 0600;", "^model$"),
    ("a temporary file needs no proof", "src/base/temporary_file.c", "strncmp(digits + DIGITS + 1, proof, DIGITS) == 0;", "true;", "^file_faults$"),
    ("a temporary file in use is removed", "src/base/temporary_file.c", "flock(descriptor, LOCK_EX | LOCK_NB) == 0 && is_ours", "is_ours", "^file_faults$"),
    ("a file with two names is removed", "src/base/temporary_file.c", "file.st_nlink == 1 &&", "", "^file_faults$"),
    ("a checkpoint names outputs", "src/cli/options/resume.c", "        if (!is_saved(id, is_run))\n", "        if (id == OPTION_COUNT)\n", "^resume$"),
    ("a checkpoint's model goes anywhere", "src/cli/options/resume.c", "    if (!are_beside(path, options->value[OPTION_RESUME].text))\n        return false;\n", "", "^resume$"),
    ("a checkpoint's model replaces any other", "src/cli/options/resume.c", "return S_ISREG(there.st_mode) && is_of_training(path, checkpoint);", "return true;", "^resume$"),
    ("standard input is no input", "src/cli/options/overwriting.c", "        return STANDARD_INPUT;\n    return", "        return NULL;\n    return", "^system$"),
    ("bytes after the last element", "src/dataset/idx/idx.c", "    if (got > 0)\n", "    if (got > 1)\n", "^dataset$"),
    ("elements with their bytes swapped", "src/dataset/idx/idx.c", "bits = bits << 8 | bytes[i];", "bits |= (uint64_t)bytes[i] << 8 * i;", "^dataset$"),
    ("gzip before plain", "src/dataset/idx/idx_find.c", "strcmp(path, place) < 0 : there_is_gzip))", "strcmp(path, place) < 0 : name->gzip))", "^dataset$"),
    ("quotes stay doubled", "src/dataset/text/records.c", "i += field->escape && field->text[i] == field->escape && i + 1 < field->length;", "i += 0;", "^dataset$"),
    ("Latin-1 with the upper half wrong", "src/dataset/text/records.c", "(unsigned char)records->text[i], bytes", "(unsigned char)records->text[i] & 0xBF, bytes", "^dataset$"),
    ("a byte above 9 is a digit", "src/base/number.c", "(0x80 - 10) * each", "(0x80 - 11) * each", "^base$"),
    ("the digits before others are moved too far", "src/base/number.c", "digits << 8 * (8 - count)", "digits << 8 * (7 - count % 8)", "^base$"),
    ("sixteen digits are exact", "src/base/number.c", "digits == 0 || digits > EXACT_DIGITS", "digits == 0 || digits > EXACT_DIGITS + 1", "^base$"),
    ("what a quotient leaves over is forgotten", "src/base/number.c", "(double)(quotient | is_inexact)", "(double)quotient", "^base$"),
    ("a number with two points", "src/dataset/text/number_run_avx2.c", "more_points = points & (inside + points)", "more_points = 0 & (inside + points)", "^number_runs$"),
    ("a repeated header of numbers is passed over", "src/dataset/text/number_run_avx2.c", "fields != width || is_first ||", "fields != width ||", "^number_runs$"),
    ("decimal points beside commas are passed over", "src/dataset/tables/columns.c", "again = !again && points && has_commas(columns);", "again = false;", "^number_runs$"),
    ("a float next to a half", "src/cli/terminal/float_text.c", "fabs(rest - 0.5) > unsure", "fabs(rest - 0.5) > -1", "^float_text$"),
    ("a point is a decimal comma", "src/dataset/text/cells.c", "decimal == '.' || !field->has_point", "true", "^(tables|text_files|columns)$"),
    ("a number ends where its digits do", "src/dataset/text/records.c", "after && (after == end || is_separator(records, *after) || is_line_end(*after))", "after", "^(dataset|reader|tables)$"),
    ("half precision's smallest numbers", "src/base/number.c", "ldexp(fraction, -24)", "ldexp(fraction, -25)", "^base$"),
    ("big-endian arrays are little-endian", "src/formats/npy.c", "type->big_endian = text[1] == '>';", "type->big_endian = text[1] == '!';", "^numpy$"),
    ("holes between tensors", "src/network/files/model_read.c", "        if (tensor->begin != end)\n", "        if (tensor->begin < end)\n", "^model$"),
    ("a header of any length", "src/network/files/model_write.c", "text.length % 8 != 0", "text.length % 2 != 0", "^model$"),
    ("the checksum of a member that is written", "src/formats/zip_write.c", "annc_crc32(annc_crc32(ANNC_CRC32, header, NPY_HEADER), values, data)", "annc_crc32(ANNC_CRC32, values, data)", "^models$"),
    ("colours weigh the same", "src/formats/picture.c", "299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2]", "333 * pixel[0] + 333 * pixel[1] + 334 * pixel[2]", "^pictures$"),
    ("a page's script ends in a class", "src/network/export/export_html.c", "if (text->bytes[i] == '<')", "if (text->bytes[i] == 1)", "^model$"),
    ("half a character is one", "src/base/json/json_read.c", "low < 0xDC00 || low > 0xDFFF", "low < 0xD000 || low > 0xFFFF", "^base$"),
    ("a member's value runs into the next", "src/base/json/json_read.c", "        *end = '\\0';", "        (void)*end;", "^base$"),
    ("brackets nest without an end", "src/base/json/json_read.c", "if (depth == DEEPEST)", "if (depth == DEEPEST + 1)", "^base$"),
    ("JSON goes on after its end", "src/base/json/json_read.c", "if (json->at < json->size)\n        wrong", "if (json->at > json->size)\n        wrong", "^base$"),
    ("a number in JSON loses its last digits", "src/base/json/json_write.c", "return again == value;", "return again - value < 1e-16 && value - again < 1e-16;", "^base$"),
    ("no comma after an empty list", "src/base/json/json_write.c", "&bracket, 1);\n    json->needs_comma = true;", "&bracket, 1);", "^base$"),
    ("a long text is lost", "src/base/buffer.c", "print_at_end(buffer, (size_t)length + 1,", "print_at_end(buffer, (size_t)length,", "^base$"),
    ("quotation marks end an attribute", "src/base/text.c", "in_attribute || ", "", "^base$"),
    ("names in a checkpoint stay encoded", "src/cli/options/resume.c", "            from += 2;\n", "            from += 0;\n", "^(resume|names)$"),
    ("what held the best epoch is forgotten", "src/training/run/progress_text.c", "    pass_truth(codec, &has_best);\n", "", "^resume$"),
    # What comes from the network.
    ("downloads of any size", "src/dataset/fetch.c", "if (total > MOST_BYTES)", "if (total > SIZE_MAX - 1)", "^fetch$"),
    ("any content is the file", "src/dataset/fetch.c", "|| strcmp(digest, file->sha256) != 0", "|| digest[0] == 0", "^fetch$"),
    ("any scheme", "src/dataset/fetch.c", '"=file" : "=https"', '"=file" : "=https,http"', "^fetch$"),
    ("curl's own settings", "src/dataset/fetch.c", '"-q",', '"--globoff",', "^fetch$"),
    ("names are patterns", "src/dataset/fetch.c", '"--globoff",', '"-q",', "^fetch$"),
    ("errors are pages", "src/dataset/fetch.c", '"--fail",', '"-q",', "^fetch$"),
    ("a stop that nobody asks for", "src/dataset/fetch.c", "if (options->stop && ", "if (0 && ", "^fetch$"),
    ("curl goes on alone", "src/dataset/fetch.c", "kill(child, SIGKILL);", "(void)0;", "^fetch$"),
    ("a patience without end", "src/dataset/fetch.c", '"--speed-time",\n                                     connect', '"--speed-time",\n                                     "60"', "^fetch$"),
    ("files that are downloaded already are fetched again", "src/dataset/fetch.c", "        if (!places.is_right[i])\n            ANNC_TRY(fetch_file", "        if (places.path[i][0])\n            ANNC_TRY(fetch_file", "^fetch$"),
    ("what a download left is data", "src/dataset/idx/idx_find.c", 'strlen(text), ".tmp", &begin)', 'strlen(text), ".xxx", &begin)', "^fetch$"),
    ("digits after a stop", "src/cli/options/setup.c", "fetched == ANNC_OK || fetched == ANNC_STOPPED", "fetched == ANNC_OK", "^fetch$"),
    ("a limit of file sizes kills", "src/cli/terminal/process.c", "handle(SIGXFSZ, SIG_IGN);", "", "^(fetch|cli)$"),
    # Predictions and a rate of the caller's.
    ("a new rate that nobody records", "src/training/step/trainer.c", "        ANNC_TRY(trainer->engine->changed(trainer->engine_state));\nout:", "        (void)trainer->engine;\nout:", "^checkpoint_simulated$"),
    ("a new rate for the report alone", "src/training/step/trainer.c", "    trainer->options.eta = eta;\n", "    (void)eta;\n", "^checkpoint_cpu$"),
    ("a page shows large targets in six digits", "src/network/export/page.html", "row.bar ? 4 : digitsOf(row.unit)", "row.bar ? 4 : 6", "^page$"),
    ("images of any size", "src/dataset/arrays/array_table.c", "(uint64_t)rows * columns != arrays->inputs", "false", "^arrays$"),
    ("arrays are no images", "src/dataset/arrays/array_table.c", "    table->image_rows = arrays->image_rows;\n", "", "^arrays$"),
    ("tables keep floats", "src/dataset/tables/remainders.h", "is_float ? 0 : (int32_t)", "is_float ? 0 : 0 * (int32_t)", "^(dataset|arrays|columns)$"),
    ("a moved row leaves its last digits", "src/dataset/tables/table.c", "    annc_remainders_move(&table->remainders, from, to);\n", "", "^arrays$"),
    ("a moved row leaves its target's last digits", "src/dataset/tables/table.c", "    annc_remainders_move(&table->target_remainders, from, to);\n", "", "^arrays$"),
    ("errors of rounded predictions", "src/training/run/evaluate.c", "const double a = annc_dataset_in_units(dataset, j, (double)outputs[i * n + j]), error", "const double a = (double)(float)annc_dataset_in_units(dataset, j, (double)outputs[i * n + j]), error", "^(arrays|columns)$"),
    ("values that become equal are not noted", "src/dataset/prepare/precision.c", "if (kept < different)", "if (kept > different)", "^(arrays|columns)$"),
    ("ranges without their last digits", "src/dataset/prepare/preparation_text.c", "const double close = 1e-4,", "const double close = 1e9,", "^columns$"),
    ("large predictions print as floats", "src/base/number.c", "fabs(offset) > SPARE ?", "fabs(offset) > 1e99 ?", "^(arrays|columns)$"),
    ("predictions in the network's units", "src/training/run/network_predict.c", "    annc_dataset_unscale_f64(dataset, rows->count, scaled, exact);\n", "    for (size_t i = 0; exact && i < rows->count; i++)\n        exact[i] = (double)scaled[i];\n", "^(network_predict|examples)$"),
    ("class names of nobody", "src/training/run/network_predict.c", "if (class_index < classes->count)", "if (class_index < classes->count - 1)", "^(network_predict|examples)$"),
    ("what is installed knows where it was not put", "src/annc.pc.in", "prefix=${pcfiledir}/@ANNC_PKGCONFIG_TO_PREFIX@", "prefix=@CMAKE_INSTALL_PREFIX@", "^install$"),
    # Manners.
    ("the last number of threads is everybody's", "src/backend/blas/gemm_cblas.c", "        library.openblas_set_num_threads(threads_now());", "        library.openblas_set_num_threads(threads_now() > 1 ? threads_now() : library.openblas_get_num_threads());", "^manners$"),
    ("numbers in the caller's locale", "src/base/number.c", "const locale_t before = plain ? uselocale(plain) : (locale_t)0;", "const locale_t before = (locale_t)0;", "^manners$"),
    ("letters in the caller's locale", "src/base/text.c", "    for (size_t i = 0; i < most; i++)\n        if (lower(a[i])", "    extern int tolower(int c);\n#define lower(c) tolower((unsigned char)(c))\n    for (size_t i = 0; i < most; i++)\n        if (lower(a[i])", "^manners$"),
    ("a locale that stays", "src/base/number.c", "        uselocale(before);", "        (void)before;", "^manners$"),
    ("a header without memory", "src/network/files/model_write.c", "while (json->text.status == ANNC_OK && json", "while (json", "^manners$"),
    ("threads of the pool take the caller's signals away", "src/base/pool.c", "pthread_sigmask(SIG_SETMASK, &before, NULL);", "(void)before;", "^manners$"),
    ("an error is everybody's", "src/base/status.c", "static _Thread_local char last_error", "static char last_error", "^manners$"),
    ("a word on standard output", "src/training/sweep/sweep.c", "    reset_results(candidates, count);\n", "    reset_results(candidates, count);\n    dprintf(1, \"sweep\");\n", "^manners$"),
    ("a name that is not the library's", "src/base/text.c", "static int lower(char c)", "int lower(char c);\nint lower(char c)", "^symbols$"),
    # What people see.
    ("a weight's gradient is its unit's error", "src/cli/trace/trace_graph.c", "add_edge(graph, parameter, product, w, trace->gradient[at]);", "add_edge(graph, parameter, product, w, delta);\n    (void)at;", "^trace$"),
    ("what is not drawn adds nothing", "src/cli/trace/trace_graph.c", "sum += weight(trace, l, j, k) * trace->a[l - 1][k];\n    }\n    return sum;", "sum += 0 * weight(trace, l, j, k);\n    }\n    return sum;", "^trace$"),
    ("the units that weigh least are drawn", "src/cli/trace/trace_graph.c", "size[i] > size[best]", "size[i] < size[best]", "^trace$"),
    ("the traced step goes uphill", "src/cli/trace/command_trace.c", "trace->theta[i] - subject->eta * trace->gradient[i]", "trace->theta[i] + subject->eta * trace->gradient[i]", "^trace$"),
    ("BP2 is shown without f'", "src/cli/trace/trace_steps.c", "trace->derivative[l][j], trace->slope[l][j],\n                trace->derivative[l][j], trace->delta[l][j]);", "1.0, trace->slope[l][j],\n                1.0, trace->delta[l][j]);", "^trace$"),
    ("any threshold is within the outputs", "src/training/run/metrics.c", "threshold >= range.low && threshold <= range.high", "threshold < INFINITY", "^(metrics|training)$"),
    ("the first network of a sweep says what is used", "src/cli/options/unused.c", "unused->used[uses[i].id] |= uses[i].used;", "unused->used[uses[i].id] = unused->has_training ? unused->used[uses[i].id] : uses[i].used;", "^training$"),
    ("wide characters are narrow", "src/cli/terminal/screen.c", "            return blocks[i].columns;", "            return 1;", "^names$"),
    ("the least frequent confusions are printed", "src/training/run/metrics.c", "at > 0 && cell.count > pairs[at - 1].count", "at > 0 && cell.count < pairs[at - 1].count", "^metrics$"),
    ("the smallest mistake comes first", "src/cli/charts/gallery.c", "return a->margin < b->margin ? 1 : -1;", "return a->margin < b->margin ? -1 : 1;", "^pictures$"),
    ("one mean of all classes", "src/cli/charts/gallery.c", "sums[c * examples->inputs + p] += grey[p];", "sums[p] += grey[p];", "^pictures$"),
    ("weights below zero are orange", "src/cli/charts/gallery.c", "(at > 0 ? above : below)[i]", "(at > 0 ? below : above)[i]", "^pictures$"),
    ("shuffled inputs stay shuffled", "src/training/run/importance.c", "permute(subject, first, end, &same);", "(void)same;", "^importance$"),
    ("an input has the loss of the one before", "src/training/run/importance.c", "options->columns->first[column] : column,", "options->columns->first[column] : column - (column > 0),", "^importance$"),
    ("dC/dx has the weights of one unit", "src/training/check/trace.c", "sum += W[(size_t)j * inputs + k] * delta[j];", "sum += W[k] * delta[j];", "^importance$"),
    ("precision is recall", "src/training/run/metrics.c", "predicted > 0 ? correct / predicted : 0", "support > 0 ? correct / support : 0", "^metrics$"),
    ("equal outputs are in the right order", "src/training/run/metrics.c", "(negatives + equal_negatives / 2)", "(negatives + equal_negatives)", "^metrics$"),
    ("any threshold is a half", "src/training/run/metrics.c", "positive_output(examples, outputs, i) > threshold", "positive_output(examples, outputs, i) > 0 * threshold + 0.5", "^metrics$"),
    ("classes that do not occur count in the macro mean", "src/training/run/metrics.c", "one.support + one.predicted > 0;", "1;", "^metrics$"),
    ("confidence is the largest output's", "src/training/run/metrics.c", "probability_of(examples, outputs, i, predictions[i])", "fmax(probability_of(examples, outputs, i, predictions[i]), 0.5)", "^metrics$"),
    ("log loss without a least probability", "src/training/run/metrics.c", "log(p < LEAST_PROBABILITY ? LEAST_PROBABILITY : p)", "log(p)", "^metrics$"),
    ("predictions are trusted", "src/training/run/metrics.c", "(uint32_t)predictions[i] >= classes)", "(uint32_t)predictions[i] > classes)", "^metrics$"),
    ("coverage counts targets above their quantile", "src/training/run/target_metrics.c", "covered += y <= a ? w : 0;", "covered += y > a ? w : 0;", "^metrics$"),
    ("a caption is not in the middle", "src/formats/gallery_file.c", "(length > 0 ? sheet->letter : 0))) / 2", "(length > 0 ? sheet->letter : 0))) / 3", "^pictures$"),
    ("letters are mirrored", "src/formats/caption_font.c", "ANNC_LETTER_STEP + column]", "ANNC_LETTER_STEP + ANNC_LETTER_COLUMNS - 1 - column]", "^pictures$"),
    ("labels of 0 are right if they are predicted", "src/training/run/target_metrics.c", "right += (examples->targets[at] == 1) == (", "right += (examples->targets[at] == 1) <= (", "^metrics$"),
    ("the labels of an epoch are not measured", "src/training/run/evaluate.c", "        evaluation->label_accuracy =\n", "        evaluation->r2 =\n", "^training$"),
    ("a row with one right label is exact", "src/training/run/target_metrics.c", "right = right && (", "right = (", "^metrics$"),
    ("the quantile is taken from the other side", "include/annc_functions.h", "a > y ? (1 - tau) * (a - y) : tau * (y - a)", "a > y ? tau * (a - y) : (1 - tau) * (y - a)", "^(functions|reference)$"),
    ("a model forgets its quantile", "src/network/files/model_layers.c", "shape->quantile = quantile;", "shape->quantile = 0.5;", "^(model|training)$"),
    ("balanced weights do not depend on the number of classes", "src/training/step/class_weights.c", "((double)classes * counts[c])", "(2 * counts[c])", "^metrics$"),
    ("the page's matrix is turned", "src/cli/report/report_evaluation.c", "annc_confusion_count(confusion, r, c);", "annc_confusion_count(confusion, c, r);", "^report$"),
    ("a logarithmic axis that is none", "src/cli/charts/chart.c", "const double share = axis->is_log ?", "const double share = axis->is_log && axis->low < 0 ?", "^report$"),
    ("a resumed run keeps what it took back", "src/cli/log/run_log.c", "history->count--;", "break;", "^report$"),
    ("names are markup", "src/base/text.c", "\"&lt;\", \"&gt;\"", "\"<\", \">\"", "^report$"),
    ("all folds are the first", "src/cli/log/run.c", "return &run->folds[count - 1];", "return &run->folds[0];", "^report$"),
    ("the sum of the folds is their mean", "src/cli/log/run.c", "run->history.rows[i] /= (double)folds;", "run->history.rows[i] /= 1;", "^report$"),
    ("the deviation of all folds there could be", "src/cli/report/report_folds.c", "sqrt(squares / (double)(count - 1))", "sqrt(squares / (double)count)", "^report$"),
    ("the worst network comes first", "src/cli/report/report_sweep.c", "return merit != 0 && !isnan(merit) ? (merit < 0 ? -1 : 1)", "return merit != 0 && !isnan(merit) ? (merit > 0 ? -1 : 1)", "^report$"),
    ("the page's parameters have their bytes turned", "src/network/export/export_html.c", "(bits >> 8 * b)", "(bits >> 8 * (3 - b))", "^page$"),
    ("a class ends the page's script", "src/network/export/export_html.c", "text->bytes[i] == '<'", "text->bytes[i] == '\\0'", "^page$"),
    ("the page learns with W for its transpose", "src/network/export/page_learning.js", "below[k] += layer.W[w] * delta[j];", "below[k] += layer.W[k] * delta[j];", "^page$"),
    ("the page's steps have no correction", "src/network/export/page_learning.js", "c1 = eta / (1 - MU ** learning.steps)", "c1 = eta", "^page$"),
    ("gradients are never grey", "src/cli/trace/graph_svg.c", "sheet.faint *= FAINT;", "sheet.faint *= 0 * FAINT;", "^trace$"),
    ("the table of weights is transposed", "src/cli/charts/weight_table.c", "W[(size_t)j * inputs + i];", "W[(size_t)i * units + j];", "^pictures$"),
    ("points lose their class", "src/cli/model/command_export.c", "examples->labels[i] == (int32_t)j;", "examples->labels[i] != (int32_t)j;", "^page$"),
    ("softmax is not normalised on the page", "src/network/export/page.html", "z[j] = y - log;", "z[j] = y;", "^page$"),
    ("the page puts the ink's box in the middle, not its mass", "src/network/export/page.html", "mass > 0 ? moment / mass : side / 2", "size / 2 + 0 * mass * moment", "^page$"),
    ("exported C leaves targets scaled", "src/network/export/export_c.c", "(double)a[j] / target_factor[j] + \"", "(double)a[j] + \"", "^models$"),
    ("exported C takes rows of any length", "src/network/export/export_c.c", "        if (j < MODEL_INPUTS)\\n\"", "        if (0)\\n\"", "^models$"),
    ("exported C knows no missing values", "src/network/export/export_c.c", "(x[j] == x[j] ? x[j] : input_fill[j])", "(x[j] == x[j] ? x[j] : 0 * input_fill[j])", "^models$"),
    # What is chosen by the data.
    ("few examples get few steps", "src/training/step/plan.c", "recipe->least_steps / steps : recipe->epochs;", "recipe->epochs : recipe->epochs;", "^plan$"),
    ("many examples get small minibatches", "src/training/step/plan.c", "count / batch > STEPS", "count / batch > 1000 * STEPS", "^plan$"),
    ("all images are the tutorial's", "src/training/step/plan.c", "examples->inputs == SIDE * SIDE && annc_dataset_class_count(train) == DIGITS ?", "examples->inputs == SIDE * SIDE ?", "^plan$"),
    ("numbers are answers", "src/dataset/prepare/dataset.c", "if (targets[i] != 0 && targets[i] != 1)", "if (targets[i] < 0)", "^plan$"),
    ("answers are scaled", "src/dataset/prepare/preparation.c", "table->outputs) ? ANNC_SCALE_NONE", "table->outputs) ? ANNC_SCALE_STANDARDISE", "^inferred$"),
    ("a model's test set is forgotten", "src/cli/options/known_data.c", "values[OPTION_DATA] = values[OPTION_TEST];", "values[OPTION_LABEL] = values[OPTION_TEST_LABELS];", "^inferred$"),
    ("optimisers of a sweep share a rate", "src/cli/train/command_sweep.c", "options->value[id] = sweep->given->value[id];", "options->value[id].given = true;", "^inferred$"),
    ("every target is an answer", "src/training/run/evaluate.c", "fabs(y * (y - 1)) < rounding;", "isfinite(y);", "^inferred$"),
    ("epochs of a loaded model are forgotten", "src/cli/train/session_state.h", "return session->earlier + epoch;", "return session->earlier * 0 + epoch;", "^inferred$"),
    ("the mean loss is the sum", "src/cli/train/session.c", "return epoch->loss / epoch->steps;", "return epoch->loss;", "^report$"),
    ("a percentage is a number", "src/cli/options/options.c", "*share /= 100;", "*share /= 1;", "^cli$"),
    # Numbers.
    ("a cost that is no number goes on", "src/training/step/crew.c", "if (!isfinite(score->cost))", "if (isfinite(score->cost) == 77)", "^(numbers|train)$"),
    ("an optimiser's state that is no number is kept", "src/training/run/checkpoint.c", "if (!isfinite(room[i]))", "if (isfinite(room[i]) == 77)", "^numbers$"),
    ("weights that are no numbers are read", "src/network/files/model_read.c", "if (!isfinite(values[done + i]))", "if (isfinite(values[done + i]) == 77)", "^numbers$"),
    ("a constant column is divided by nothing", "src/dataset/prepare/preparation.c", "= !(figures.most > figures.least);", "= figures.most < figures.least;", "^numbers$"),
    # Promises to callers: arguments, forks, pipes.
    ("a missing report is written", "src/training/step/crew.c", 'ANNC_REQUIRE(report, "report");', "", "^arguments$"),
    ("an engine out of range passes", "src/training/step/training_options.c", "if (!annc_engine_name(options->engine))", "if (0)", "^arguments$"),
    ("a child of fork uses its parent's device", "src/backend/registry.c", "return device->process == getpid() ?", "return device->process != 0 ?", "^fork$"),
    ("a pool waits for threads that a fork left behind", "src/base/pool.c", "if (pool->process == getpid())", "if (pool->process != 0)", "^fork$"),
    ("folds without examples held out", "src/training/sweep/cross_validation.c", "if (!candidate->options.validation)", "if (0)", "^runs$"),
    ("a log that nobody reads is waited for", "src/cli/train/train_log.c", "O_APPEND | O_NONBLOCK | O_CLOEXEC", "O_APPEND | O_CLOEXEC", "^special_files$"),
    ("a FIFO without a writer is an empty file", "src/cli/terminal/open_input.c", "if (got == 0)\n        errno = ENXIO;\n    return got == 1 ||", "return got >= 0 ||", "^special_files$"),
    ("the start of a device takes no time", "src/training/step/engine_choice.c", "annc_device_row_of(kind)->start_seconds + steps * seconds", "steps * seconds", "^registry$"),
    ("weights of rows are left out (block)", "kernels/block/block_gather.cuh", "const float own = block.network.examples.weights ? weights_of(block, step)[r] : 1;", "const float own = 1;", "^weights_simulated$"),
    # Sums between the devices of several ranks.
    ("sums do not wait for the gradient (exchange)", "src/backend/cuda/exchange.c", "CUDA_TRY(cudaStreamWaitEvent(exchange->stream, exchange->computed, 0));", "", "^ranks$"),
    ("the update does not wait for the sums (exchange)", "src/backend/cuda/exchange.c", "CUDA_TRY(cudaStreamWaitEvent(annc_cuda(device)->stream, exchange->summed, 0));", "", "^ranks$"),
    ("pieces after the first are not summed (exchange)", "src/backend/cuda/exchange.c", "first < count; first += PIECE", "first < count; first += count", "^ranks$"),
    ("the last part is as long as the others (exchange)", "src/backend/cuda/exchange.c", "count - part.first < length ? count - part.first : length", "length", "^ranks$"),
    ("two ranks may use one GPU (exchange)", "src/backend/cuda/exchange.c", "for (uint32_t r = 0; r < rank; r++)\n        if (memcmp", "for (uint32_t r = rank; r < rank; r++)\n        if (memcmp", "^ranks$"),
    ("failures of NCCL beside the steps are not seen (exchange)", "src/backend/cuda/exchange.c", "if (result != ANNC_NCCL_SUCCESS)\n        status =", "if (result > 99)\n        status =", "^ranks$"),
    ("the own part counts twice (kernel)", "kernels/update.cu", "load<width>(own == 0 ? values + i : parts + i)", "load<width>(values + i)", "^ranks$"),
    # Kernels that need a GPU: the engines cluster and tensor.
    ("the delayed update leaves out the biases (cluster)", "kernels/cluster/plan_steps.cuh", "(k_W * product + k_b) / job.m", "(k_W * product) / job.m", "^cluster_gpu$"),
    ("products of the inputs with themselves alone (cluster)", "kernels/cluster/plan_steps.cuh", "__dp4a(now[i][k], before[j][k], sum)", "__dp4a(now[i][k], now[j][k], sum)", "^cluster_plan_gpu$"),
    ("every launch has the first one's examples (cluster)", "kernels/cluster/plan_steps.cuh", "return annc_order_at(&start->order, annc_cursor_position(start, start->step + job.offset + step, r));", "return annc_order_at(&start->order, annc_cursor_position(start, start->step + step, r));", "^cluster_gpu$"),
    ("units 16 to 31 drop as 0 to 15 (cluster)", "kernels/cluster/plan_steps.cuh", "half * 16 + member, job.net.hidden", "member, job.net.hidden", "^cluster_gpu$"),
    ("all examples drop the same inputs (cluster)", "kernels/cluster/plan_steps.cuh", "annc_dropout_factor(job.seed, 0, number, c,", "annc_dropout_factor(job.seed, 0, 0 * number, c,", "^cluster_gpu$"),
    ("velocity is not kept (cluster)", "kernels/cluster/linear_update.cuh", "v = fma((real)rule.mu, v,", "v = fma((real)(0 * rule.mu), v,", "^cluster_gpu$"),
    ("biases decay (cluster)", "kernels/cluster/linear_update.cuh", "of_theta = is_weight ? rule.of_theta : 0;", "of_theta = rule.of_theta;", "^cluster_gpu$"),
    ("what velocity adds meanwhile is left out (cluster)", "kernels/cluster/helper_block.cuh", "fmaf(weight ? ahead.y : ahead.z, P.v[n][j][r],", "fmaf(0 * ahead.y, P.v[n][j][r],", "^cluster_gpu$"),
    ("the step's rate is the last one's (cluster)", "kernels/cluster/linear_update.cuh", "job.net.rates[job.start->step + job.offset + step].eta", "job.net.rates[job.start->step + job.offset].eta", "^cluster_gpu$"),
    ("bf16 in two parts (cluster)", "kernels/two_layers/mma.cuh", "    low = __byte_perm(__float_as_uint(x2), __float_as_uint(y2), UPPER_HALVES);", "    low = __byte_perm(__float_as_uint(x2), __float_as_uint(y2), UPPER_HALVES) * 0;", "^cluster_gpu$"),
    ("fp16 in one part (tensor)", "kernels/two_layers/mma.cuh", '"=r"(low) : "f"(y - yh), "f"(x - xh));', '"=r"(low) : "f"(0 * yh), "f"(0 * xh));', "^tensor_gpu$"),
    ("TF32 in one part (tensor)", "kernels/two_layers/products.cuh", "return P.hh[q] + (P.lh[q] + P.hl[q]);", "return P.hh[q];", "^tensor_gpu$"),
    ("the weights keep the columns' order (tensor)", "kernels/tensor/tensor_products.cuh", "s.inputs.columns->number[place]", "place", "^tensor_gpu$"),
    ("a tile counts as 0 if its first rows are (tensor)", "kernels/tensor/tensor_products.cuh", "words[0] | words[1] | words[2] | words[3]", "words[0]", "^tensor_gpu$"),
    ("a tile is updated if the newest group touches it (tensor)", "kernels/tensor/tensor_products.cuh", "for_touched(touched_by(P, 2), [&]", "for_touched(touched_by(P, 0), [&]", "^tensor_gpu$"),
    ("two inputs of a lane change places in the update (tensor)", "kernels/tensor/tensor_products.cuh", "0x4240 + j * 0x0101", "0x4140 + j * 0x0202", "^tensor_gpu$"),
    ("the first warp's second rare tile is left out (tensor)", "kernels/tensor/tensor_products.cuh", "return w < RARE_TILES - PRODUCT_WARPS;", "return w < 0 * RARE_TILES;", "^tensor_gpu$"),
    ("columns of equal use share a place (tensor)", "kernels/tensor/tensor_inputs.cu", "columns->uses[other] == uses && other < c", "columns->uses[other] == uses && other > inputs", "^tensor_gpu$"),
    ("all networks have the first one's inputs (tensor)", "src/backend/cuda/tensor_engine.c", "while (engine->table.jobs[first]->examples->x != engine->table.jobs[i]->examples->x)", "while (engine && first > i)", "^tensor_gpu$"),
    ("weights of classes are left out (two layers)", "kernels/two_layers/outputs.cuh", "return net.weights ? own * net.weights[label] : own;", "return own;", "^cluster_gpu$"),
    ("weights of rows are left out (two layers)", "kernels/two_layers/outputs.cuh", "const float own = net.examples.weights ? net.examples.weights[example] : 1;", "const float own = 1;", "^tensor_gpu$"),
    ("the quadratic cost without its half (two layers)", "kernels/two_layers/outputs.cuh", "return 0.5f * cost;", "return cost;", "^tensor_gpu$"),
    ("softmax adds outputs 8 and 9 of the other row (two layers)", "kernels/two_layers/lane_functions.cuh", "if (half_of<N>(lane & 3, q) == half && is_output<N>(net, lane, q))\n            sum +=", "if (half_of<N>(0, q) == half && is_output<N>(net, lane, q))\n            sum +=", "^tensor_gpu$"),
    ("every row has the scale of row g (two layers)", "kernels/two_layers/lane_functions.cuh", "return half_of<N>(t, q) ? x[1] : x[0];", "return x[0];", "^cluster_gpu$"),
    ("outputs 8 and 9 have the targets of row g (two layers)", "kernels/two_layers/outputs.cuh", "last_row = g + 8 * half_of<N>(t, 4);", "last_row = g;", "^cluster_gpu$"),
    ("delta is sent without the rate (cluster)", "kernels/cluster/chain_block.cuh", "const float k = PLAIN ? c.rate * c.per_divisor : c.per_divisor;", "const float k = c.per_divisor;", "^cluster_gpu$"),
    ("units 8 to 15 of a helper have the delta of 0 to 7 (cluster)", "kernels/cluster/helper_block.cuh", "load4(&s.sent[slot][i][lane * 4]);", "load4(&s.sent[slot][0][lane * 4]);", "^cluster_gpu$"),
    ("the Jacobian of softmax without its mean (two layers)", "kernels/two_layers/lane_functions.cuh", "A[q] * (D[q] - of_row<N>(mean, lane & 3, q))", "A[q] * D[q]", "^tensor_gpu$"),
    ("the last of equal outputs is the prediction (two layers)", "kernels/two_layers/lane_functions.cuh", "(A[q] == a) & (other >= j)", "(A[q] == a) & (other <= j)", "^tensor_gpu$"),
]


def run(command, cwd, environment=None):
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **(environment or {})})


def needs_gpu(mutant):
    return mutant[4].endswith("_gpu$")


def programs(build, tests):
    """What the tests run, as targets of the build; all of it where a test takes the whole folder. Tests on a GPU load the module of kernels."""
    listed = json.loads(run(["ctest", "--test-dir", build, "-N", "--show-only=json-v1", "-R", tests], build).stdout)["tests"]
    targets = set()
    for test in listed:
        settings = [entry for property in test.get("properties", []) if property["name"] == "ENVIRONMENT" for entry in property["value"]]
        words = test.get("command", []) + [entry.partition("=")[2] for entry in settings]  # a device may be a module that is loaded
        there = {pathlib.Path(word) for word in words} & {path for path in build.rglob("*") if path.is_file()}
        targets |= there or {build / "all"}
    targets |= set((build / "annc").glob("*.so"))  # modules that the program loads
    return sorted(str(path.relative_to(build)) for path in targets) + ["annc_cuda"] * tests.endswith("_gpu$")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", help="folder for the copy and its build; default: a temporary one")
    parser.add_argument("--only", action="append", help="mutants whose name contains this; may be repeated")
    parser.add_argument("--part", default="1/1", help="K/N: the K-th of N parts, every N-th mutant; the texts of all are looked for")
    parser.add_argument("--cuda", help="folder of the CUDA runtime for mutants of kernels that need a GPU")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    work = pathlib.Path(options.build or tempfile.mkdtemp(prefix="annc-mutants-")).resolve()
    source, build, gpu_build = work / "source", work / "build", work / "gpu"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("mnist", "__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    found, faults = 0, []
    for name, file, text, _, _ in MUTANTS:
        there = (source / file).read_text().count(text)
        if there != 1:
            faults.append(f"{name}: the text occurs {there} times in {file}")
    chosen = [m for m in MUTANTS[part - 1::parts] if any(text in m[0] for text in options.only or [""])]
    on_gpu = [m for m in chosen if needs_gpu(m)]
    if on_gpu and not options.cuda:
        print(f"{len(on_gpu)} mutants left out, which need --cuda")
        chosen = [m for m in chosen if not needs_gpu(m)]
    configure = ["cmake", "-S", source, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O1", "-DANNC_BENCH=OFF"]
    configured = [run([*configure, "-B", build, "-DANNC_CUDA=off"], work), run(["cmake", "--build", build], work)]
    if options.cuda and on_gpu:  # built as the mutants need it
        configured.append(run([*configure, "-B", gpu_build, "-DCMAKE_CUDA_RUNTIME_LIBRARY=Shared", "-DCMAKE_CUDA_ARCHITECTURES=90-virtual"], work))
    if any(result.returncode for result in configured):
        print(*(result.stdout for result in configured))
        return 1
    with_gpu = {"LD_LIBRARY_PATH": options.cuda, "ANNC_CUDA_MODULE": str(gpu_build / "kernels/annc_cuda.so"), "ANNC_REQUIRE_GPU": "1", "ANNC_TEST_CASES": "40"}
    for mutant in chosen:
        name, file, text, mutated, tests = mutant
        build, environment = (gpu_build, with_gpu) if needs_gpu(mutant) else (work / "build", {})
        path = source / file
        original = path.read_text()
        path.write_text(original.replace(text, mutated))
        built = run(["cmake", "--build", build, "--target", *programs(build, tests)], work)
        if built.returncode:
            faults.append(f"{name}: does not compile\n{built.stdout[-2000:]}")
        else:
            tested = run(["ctest", "--test-dir", build, "-R", tests, "--no-tests=error", "--timeout", "300", "--stop-on-failure"], work, environment)
            if tested.returncode:
                found += 1
                print(f"killed    {name}{' (a test timed out)' * ('***Timeout' in tested.stdout)}", flush=True)
            else:
                faults.append(f"{name}: SURVIVED {tests}")
        path.write_text(original)
    for fault in faults:
        print(fault)
    print(f"{found} of {len(chosen)} mutants killed")
    if not options.build:
        shutil.rmtree(work)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
