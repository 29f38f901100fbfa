#!/usr/bin/env python3
"""The exact text that the command lines in CASES print and write, and their exit codes.

    tests/program/test_golden.py PROGRAM [-k TEXT]     compare with tests/program/expected/NAME.txt
    tests/program/test_golden.py PROGRAM --renew       rewrite those files; review the change by git diff

Every case runs in a copy of one prepared directory (see prepare), without a home, CUDA or the
network, so that no case depends on another. Two rules make the text the same on every machine and
in every build:

1. MASKS replaces what depends on the machine or the clock: versions, the processor, times, memory,
   rounding errors of `check`.
2. The last digits of floating-point results differ between instruction sets and BLAS libraries. A
   number with a decimal point or an exponent is replaced by the expected one before the comparison
   if it is within RELATIVE of it or, with 4 digits or more, within ABSOLUTE. It must have as many
   decimals, too: from 6 digits on one decimal less is allowed where %g may have left out a zero,
   and from 9 digits on three. All other text, whole numbers included, is compared byte for byte.

--renew, too, keeps the digits of a file where they differ by rounding alone. Cases that
need zlib, libpng or curl are skipped without them."""
import concurrent.futures
import difflib
import gzip
import html
import json
import os
import pathlib
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

from pictures import grey
from program import PROGRAM, bars, idx, signed
from tables import COLUMNS, blobs, npy

EXPECTED = pathlib.Path(__file__).resolve().parent / "expected"
RELATIVE, ABSOLUTE = 1e-4, 1e-6
TIME_LIMIT = 120  # seconds per command

# Options that many cases share. A word $NAME in CASES stands for the options NAME.
OPTIONS = {
    "CPU": "--device cpu --threads 1",
    "BLOBS": "--data blobs.csv --layers 4-8:tanh-3:softmax --cost categorical-cross-entropy --optimizer adam --lr 0.05 --batch 16",
    "XOR": "--data xor.csv --layers 2-4:tanh-1:sigmoid --cost cross-entropy --optimizer adam --lr 0.1 --batch 4",
    "LINE": "--data line.csv --target y --layers 1-6:tanh-1:identity --optimizer adam --lr 0.02 --batch 10",
    "BARS": "--data bars --layers 784-4:tanh-10:softmax --cost categorical-cross-entropy --optimizer adam --lr 0.01 --batch 20",
}

# Commands that make the models, logs and checkpoints for CASES; their output is not compared.
PREPARATION = """
train $BLOBS $CPU --epochs 5 --save blobs.safetensors --log blobs.jsonl --validation 0.2 --quiet
train $XOR $CPU --epochs 100 --save xor.safetensors --quiet
train $LINE $CPU --epochs 8 --save line.safetensors --log line.jsonl --validation 0.2 --quiet
train $BARS $CPU --epochs 20 --save bars.safetensors --quiet
train $BARS $CPU --epochs 1 --save badbars.safetensors --quiet
train $BLOBS $CPU --epochs 2 --checkpoint begun.safetensors --quiet
train $BLOBS $CPU --epochs 2 --folds 3 --log folds.jsonl --quiet
train --data blobs.csv --layers 4-2:tanh-3:softmax --cost categorical-cross-entropy $CPU --epochs 1 --save tiny.safetensors --quiet
sweep $BLOBS $CPU --epochs 2 --grid lr=0.01,0.05 --grid batch=10,20 --validation 0.2 --json
"""

# One case per line: its name and its command line. 'zlib:', 'png:' or 'curl:' before the command
# names what it needs, NAME=VALUE sets the environment, '< FILE' is standard input. Files that a command
# writes are compared, too, if their names begin with 'out.': their text, of pages and pictures the
# words, of models that they exist.
CASES = """
# Help and versions
version                     --version
help-no-arguments
help                        help
help-option                 --help
help-train                  help train
help-train-all              help train all
help-sweep                  help sweep
help-sweep-all              help sweep all
help-eval                   help eval
help-eval-all               help eval all
help-predict                help predict
help-predict-all            help predict all
help-show                   help show
help-show-all               help show all
help-trace                  help trace
help-trace-all              help trace all
help-report                 help report
help-report-all             help report all
help-export                 help export
help-export-all             help export all
help-check                  help check
help-check-all              help check all
help-fetch                  help fetch
help-fetch-all              help fetch all
help-info                   help info
help-info-all               help info all
help-command-option         fetch --help
help-help                   help help
help-all                    help all
help-man                    help man
help-bash                   help bash
help-zsh                    help zsh
help-fish                   help fish
help-unknown                help trian
help-too-many               help train foo
help-too-many-all           help train all foo

# info
info                        info --threads 1
info-json                   info --threads 1 --json
info-layers                 info --device cpu --threads 1 --layers 784-30:relu-10:softmax --cost categorical-cross-entropy
info-wide                   info --device cpu --threads 1 --layers 784-2000-2000-10
info-model                  info blobs.safetensors
info-model-json             info line.safetensors --json
info-checkpoint             info begun.safetensors

# train
train-blobs                 train $BLOBS $CPU --epochs 3
train-inferred              train --data blobs.csv $CPU --epochs 2
train-inferred-hidden       train --data line.csv --target y --hidden 8,4 --lr 0.01 $CPU --epochs 2
train-blobs-test            train $BLOBS $CPU --epochs 3 --test blobs_test.csv
train-blobs-json            train $BLOBS $CPU --epochs 2 --json
train-quiet                 train $BLOBS $CPU --epochs 2 --quiet
train-quiet-json            train $BLOBS $CPU --epochs 2 --quiet --json
train-xor                   train $XOR $CPU --epochs 3
train-regression            train $LINE $CPU --epochs 3
train-regression-json       train $LINE $CPU --epochs 2 --validation 0.2 --json
train-images                train $BARS $CPU --epochs 2
train-ops                   train $BARS $CPU --epochs 1 --engine ops --json
train-untrained             train $BLOBS $CPU --epochs 0 --save out.safetensors
train-validation            train $BLOBS $CPU --epochs 3 --validation 0.2
train-validation-file       train $BLOBS $CPU --epochs 2 --validation blobs_test.csv --json
train-patience              train $BLOBS $CPU --epochs 40 --validation blobs_wrong.csv --patience 2
train-target-accuracy       train $BLOBS $CPU --epochs 30 --target-accuracy 0.9
train-folds                 train $BLOBS $CPU --epochs 2 --folds 3
train-folds-json            train $BLOBS $CPU --epochs 1 --folds 2 --json
train-folds-regression      train $LINE $CPU --epochs 2 --folds 3
train-log                   train $BLOBS $CPU --epochs 2 --validation 0.2 --log out.jsonl
train-log-stream            train $BLOBS $CPU --epochs 1 --log -
train-plot                  train $BLOBS $CPU --epochs 3 --plot out.svg
train-save                  train $BLOBS $CPU --epochs 1 --save out.safetensors
train-load                  train --data blobs.csv $CPU --epochs 1 --load blobs.safetensors --save out.safetensors
train-checkpoint            train $BLOBS $CPU --epochs 2 --checkpoint out.safetensors --checkpoint-every 1e
train-resume                train --resume begun.safetensors --epochs 4 --checkpoint out.safetensors
train-resume-finished       train --resume begun.safetensors
train-config                train --config train.config --epochs 1
train-preset                train --preset modern --data bars --layers 784-4-10 --epochs 1 $CPU
train-options               train $BARS $CPU --epochs 1 --dropout 0.2 --input-noise 0.1 --clip 1 --max-norm 2 --shift 1 --schedule cosine --warmup 0.5
train-balanced              train $BLOBS $CPU --epochs 1 --class-weights balanced --label-smoothing 0.1 --l2 0.001
train-large-batch           train $BLOBS $CPU --epochs 1 --batch 1000
train-unused-options        train $BLOBS $CPU --epochs 1 --optimizer sgd --lr 0.1 --momentum 0.5 --beta2 0.9 --schedule-factor 0.5 --split-seed 3 --checkpoint-every 5e --x a --transpose
train-missing-drop          train --data holes.csv --missing drop --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1
train-missing-mean          train --data holes.csv --missing mean --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1
train-semicolons            train --data semicolons.csv --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1
train-standard-input        train --data - --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1 < blobs.csv
train-npz                   train --data arrays.npz --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1
train-gzip                  zlib: train --data zipped.csv.gz --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1
train-gzip-renamed          zlib: train --data renamed $CPU --layers 784-2-10 --epochs 1
train-gzip-twice            zlib: train --data twice $CPU --layers 784-2-10 --epochs 1
train-latin-1               train --data latin.csv --layers 4-3:softmax --cost categorical-cross-entropy $CPU --epochs 1
train-digits-instead        train --layers 784-2-10 --epochs 0 $CPU
train-dead-layer            train $BARS $CPU --layers 784-4:relu-4:relu-10:softmax --lr 50 --epochs 2 --optimizer sgd --init normal
train-device-auto           train $BLOBS --threads 1 --epochs 1

# sweep
sweep                       sweep $BLOBS $CPU --epochs 2 --grid lr=0.01,0.05 --grid batch=10,20
sweep-json                  sweep $BLOBS $CPU --epochs 1 --grid batch=10,20 --validation 0.2 --json
sweep-random                sweep $BLOBS $CPU --epochs 1 --grid batch=8..32 --random 3 --top 2 --save out.safetensors
sweep-seeds                 sweep $LINE $CPU --epochs 2 --seeds 3
sweep-ensemble              sweep $BLOBS $CPU --epochs 1 --seeds 3 --ensemble 2 --save out.safetensors
sweep-ensemble-unused       sweep $BLOBS $CPU --epochs 1 --seeds 2 --ensemble 2

# eval
eval-blobs                  eval blobs.safetensors --data blobs_test.csv $CPU
eval-own-data               eval blobs.safetensors $CPU
eval-blobs-json             eval blobs.safetensors --data blobs_test.csv $CPU --json
eval-mistakes               eval blobs.safetensors --data blobs_wrong.csv $CPU
eval-per-example            eval blobs.safetensors --data blobs_test.csv $CPU --per-example out.csv
eval-per-example-stream     eval tiny.safetensors --data blobs_test.csv $CPU --per-example -
eval-xor                    eval xor.safetensors --data xor.csv $CPU
eval-threshold              eval xor.safetensors --data xor.csv $CPU --threshold 0.9
eval-regression             eval line.safetensors --data line.csv $CPU
eval-regression-json        eval line.safetensors --data line.csv $CPU --json
eval-regression-examples    eval line.safetensors --data line.csv $CPU --per-example out.csv
eval-images                 eval bars.safetensors --data bars $CPU

# predict
predict-blobs               predict blobs.safetensors blobs_few.csv $CPU
predict-csv                 predict blobs.safetensors blobs_few.csv $CPU --csv
predict-json                predict blobs.safetensors blobs_few.csv $CPU --json
predict-top                 predict blobs.safetensors blobs_few.csv $CPU --top 2
predict-top-csv             predict blobs.safetensors blobs_few.csv $CPU --top 2 --csv
predict-top-json            predict blobs.safetensors blobs_few.csv $CPU --top 2 --json
predict-xor                 predict xor.safetensors xor.csv $CPU
predict-regression          predict line.safetensors line_few.csv $CPU
predict-regression-csv      predict line.safetensors line_few.csv $CPU --csv
predict-regression-json     predict line.safetensors line_few.csv $CPU --json
predict-standard-input      predict blobs.safetensors - $CPU < blobs_few.csv
predict-images              predict bars.safetensors few-images-idx3-ubyte $CPU
predict-show-input          predict bars.safetensors few-images-idx3-ubyte $CPU --show-input
predict-picture             png: predict bars.safetensors paper.png $CPU
predict-more-columns        predict blobs.safetensors blobs_more.csv $CPU
predict-other-format        predict foreign.safetensors blobs_few.csv --layers 4-2:tanh-3:softmax --cost categorical-cross-entropy $CPU

# show and trace
show-images                 show bars --count 2
show-means                  show bars --what means
show-weights                show bars.safetensors --count 1
show-mistakes               show badbars.safetensors --what mistakes --data bars --count 1
show-no-mistakes            show bars.safetensors --what mistakes --data bars
show-svg                    show bars --count 1 --out out.svg
show-png                    png: show bars --count 3 --out grid.png
trace                       trace
trace-step                  trace --step
trace-dot                   trace --out out.dot
trace-svg                   trace --out out.svg
trace-text                  trace --out out.txt
trace-model                 trace tiny.safetensors --data blobs.csv
trace-model-step            trace tiny.safetensors --data blobs.csv --step --example 2
trace-neuron                trace tiny.safetensors --data blobs.csv --neuron 1:2
trace-edges                 trace bars.safetensors --data bars --edges 2
trace-unused-option         trace --batch 3 --seed 4

# check
check-blobs                 check $BLOBS --device cpu
check-blobs-json            check $BLOBS --device cpu --json
check-model                 check tiny.safetensors --data blobs.csv --device cpu --all
check-objective             check $BLOBS --device cpu --dropout 0.2 --l2 0.01 --label-smoothing 0.1
check-digits                check --data digits --layers 784-2-10
check-fails                 check overflow.safetensors --data blobs.csv --device cpu

# export and report
export-c                    export tiny.safetensors --format c --out out.c
export-json                 export tiny.safetensors --format json --out out.json
export-json-stream          export line.safetensors --format json --out -
export-page                 export tiny.safetensors --format html --out out.html
export-onnx                 export tiny.safetensors --format onnx --out model.onnx
export-npz                  export tiny.safetensors --format npz --out model.npz
report                      report blobs.jsonl --out out.html $CPU
report-regression           report line.jsonl --out out.html $CPU
report-two-runs             report blobs.jsonl line.jsonl --out out.html $CPU
report-folds                report folds.jsonl --out out.html $CPU
report-sweep                report sweep.jsonl --out out.html $CPU
report-data                 report blobs.jsonl --data blobs_test.csv --out out.html $CPU
fetch-offline               curl: ANNC_MIRRORS=file:///nowhere/ fetch --to fetched

# Exit code 2: the command line
error-command               trian
error-command-far           elephant
error-command-option        --train
error-option-first          --json train
error-option                train --epoch 3
error-option-known          train --learning-rate 3
error-option-far            train --zzzzzz
error-option-short          train -e 3
error-option-elsewhere      fetch --lr 1
error-argument              train digits
error-twice                 train --epochs 1 --epochs 2
error-no-value              train --epochs
error-flag-value            train --json=1
error-whole                 train --epochs x
error-whole-range           train --batch 0
error-number                train --lr 0
error-number-text           train --lr fast
error-amount                train --l2 -1
error-share                 train --dropout 1
error-choice                train --cost absolute
error-choice-device         train --device gpu
error-empty                 train --save ''
error-layers                train --layers 784
error-layers-zero           train --layers 784-0-10
error-layers-activation     train --layers 784-30:rela-10
error-softmax-hidden        train --activation softmax
error-cost-activation       train --cost cross-entropy --output-activation tanh
error-softmax-one           train --layers 784-1:softmax --cost categorical-cross-entropy
error-validation            train --validation 1.5
error-label-target          train --label a --target b
error-delimiter             train --delimiter abc
error-decimal               train --decimal x
error-decimal-thousands     train --decimal , --thousands ,
error-rotate                train --rotate 270
error-class-weights         train --class-weights heavy
error-class-weights-count   train $BLOBS $CPU --class-weights 1,2
error-class-weights-targets train $LINE $CPU --class-weights balanced
error-target-accuracy       train $LINE $CPU --target-accuracy 0.9
error-folds-load            train --folds 3 --load blobs.safetensors
error-folds-epochs          train --folds 3 --epochs 0
error-folds-plot            train --folds 3 --plot out.svg
error-checkpoint-every      train --checkpoint out.safetensors --checkpoint-every 5
error-patience              train --data blobs.csv --patience 3
error-folds-save            train --folds 3 --save out.safetensors
error-folds-validation      train --folds 3 --validation 0.1
error-init-load             train --load blobs.safetensors --init he
error-load-layers           train --load blobs.safetensors --layers 4-9-3
error-load-cost             train --load blobs.safetensors --cost quadratic
error-plot-name             train --plot out.png
error-config-missing        train --config nowhere.config
error-config-option         train --config wrong.config
error-config-line           train --config broken.config
error-resume-option         train --resume begun.safetensors --lr 1
error-save-reads            train $BLOBS --save blobs.csv
error-save-twice            train $BLOBS --save out.safetensors --log out.safetensors
error-sweep-option          sweep $BLOBS --grid learning=1,2
error-sweep-range           sweep $BLOBS --grid lr=0.1..1
error-sweep-random          sweep $BLOBS --random 3
error-sweep-same            sweep $BLOBS --grid seed=1,2
error-sweep-grid            sweep $BLOBS --grid lr
error-eval-model            eval
error-eval-threshold        eval blobs.safetensors --data blobs.csv --threshold 0.5 $CPU
error-eval-threshold-range  eval xor.safetensors --data xor.csv --threshold 2 $CPU
error-eval-streams          eval xor.safetensors --data xor.csv --per-example - --json
error-predict-file          predict
error-predict-csv-json      predict blobs.safetensors blobs_few.csv --csv --json
error-predict-top           predict line.safetensors line_few.csv --top 2 $CPU
error-show-model            show --what weights
error-show-data             show blobs.csv
error-show-layer            show bars.safetensors --of-layer 9
error-show-output           show bars --out out.safetensors
error-show-out              show bars --out out.gif
error-trace-neuron          trace tiny.safetensors --data blobs.csv --neuron 9:1
error-trace-neuron-text     trace --neuron first
error-trace-step-out        trace --step --out out.dot
error-trace-out             trace --out out.pdf
error-trace-example         trace tiny.safetensors --data blobs.csv --example 1000
error-export-format         export tiny.safetensors
error-export-model          export --format onnx
error-export-out            export tiny.safetensors --format onnx
error-report-log            report --out out.html
error-report-out            report blobs.jsonl
error-report-sweep          report blobs.jsonl sweep.jsonl --out out.html

# Exit code 3: an input
error-data-missing          train --data nowhere.csv
error-data-mnist            train --data mnist
error-data-folder           train --data empty
error-data-digits           train --data digits --layers 784-5-9
error-images-page           train --data page
error-images-short          train --data short
error-images-magic          train --data notidx-images-idx3-ubyte
error-images-labels         train --data uneven
error-images-no-labels      train --data few-images-idx3-ubyte
error-images-inputs         train --data bars --layers 783-5-10
error-images-outputs        train --data bars --layers 784-5-9
error-table-empty           train --data nothing.csv
error-table-fields          train --data ragged.csv
error-table-text            train --data words.csv --layers 4-3
error-table-missing         train --data holes.csv --layers 4-3
error-table-label           train --data blobs.csv --label colour
error-table-label-unclear   train --data numbers.csv
error-table-quote           train --data quote.csv
error-table-decimal         train --data decimals.csv
error-table-thousands       train --data thousands.csv
error-table-infinite        train --data infinite.csv --layers 4-3
error-table-binary          train --data binary.csv
error-table-outputs         train --data blobs.csv --layers 4-8-2
error-table-inputs          train --data blobs.csv --layers 5-8-3
error-table-target          train --data blobs.csv --target label --layers 4-1
error-table-test-class      train $BLOBS --test other_class.csv
error-table-near-class      train $BLOBS --test near_class.csv
error-target-range          train --data line.csv --target y --layers 1-1:sigmoid --cost cross-entropy --target-scale none
error-shift-table           train $BLOBS --shift 1 $CPU
error-npz-names             train --data names.npz --layers 4-3
error-npz-short             train --data short.npz
error-npy-objects           train --data objects.npy --labels y.npy --layers 4-3
error-npy-short             train --data short.npy --labels y.npy --layers 4-3
error-npy-alone             train --data x.npy --layers 4-3
error-picture               train --data digit.png
error-load-missing          train --load nowhere.safetensors
error-model-short           eval short.safetensors --data blobs.csv
error-model-page            eval page.safetensors --data blobs.csv
error-model-header          eval claims.safetensors --data blobs.csv
error-model-json            eval badjson.safetensors --data blobs.csv
error-model-shape           eval badshape.safetensors --data blobs.csv
error-model-damaged         eval damaged.safetensors --data blobs.csv
error-model-newer           eval newer.safetensors --data blobs.csv
error-model-scale           eval scale.safetensors --data blobs.csv
error-model-key             eval key.safetensors --data blobs.csv
error-resume-model          train --resume blobs.safetensors
error-resume-data           train --resume begun.safetensors --data blobs_test.csv --epochs 5
error-predict-columns       predict blobs.safetensors line_few.csv $CPU
error-predict-inputs        predict blobs.safetensors few-images-idx3-ubyte $CPU
error-predict-cell          predict blobs.safetensors blobs_word.csv $CPU
error-predict-missing       predict blobs.safetensors nowhere.csv $CPU
error-report-missing        report nowhere.jsonl --out out.html
error-report-not-log        report blobs.csv --out out.html
error-report-cut            report cut.jsonl --out out.html
error-folds-rows            train $XOR --folds 5

# Exit codes 4 to 6: devices, divergence, outputs
error-cuda                  train $BLOBS --device cuda
error-cuda-number           train $BLOBS --device cuda:3
error-engine                train $BLOBS $CPU --engine recorded
error-memory                train --data blobs.csv --layers 4-16000000-16000000-3 --device cpu --threads 1
error-diverged              train --data steep.csv --target y --layers 1-16:relu-1:identity --optimizer sgd --lr 1 --scale none --target-scale none $CPU
error-diverged-checkpoint   train --data steep.csv --target y --layers 1-16:relu-1:identity --optimizer sgd --lr 1 --scale none --target-scale none $CPU --checkpoint out.safetensors
error-threads               train --data blobs.csv --layers 4-8-3 --device cpu --threads 2000
error-output-folder         train $BLOBS --save nowhere/out.safetensors
error-output-is-folder      train $BLOBS --save bars
error-output-log            train $BLOBS --log nowhere/out.jsonl
error-output-export         export tiny.safetensors --format onnx --out nowhere/out.onnx
"""

# What depends on the machine, the build or the clock, and its replacement; applied in this order.
NUMBER = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
MASKS = [(re.compile(pattern, re.M), by) for pattern, by in (
    (r"^compiler .*", "compiler COMPILER"),  # --version
    (r"^BLAS .*", "BLAS BLAS"),
    (r"^zlib .*", "zlib ZLIB"),
    (r"^libpng .*", "libpng LIBPNG"),
    (r"^libjpeg .*", "libjpeg LIBJPEG"),
    (r"^CUDA .*", "CUDA CUDA"),
    (r"^MPI .*", "MPI MPI"),
    (r"commit [0-9a-z]+(?:-dirty)?", "commit COMMIT"),
    (r"; BLAS .*, zlib .*, libpng .*, libjpeg .*, CUDA .*, MPI .*", "; BLAS BLAS, zlib ZLIB, libpng LIBPNG, libjpeg LIBJPEG, CUDA CUDA, MPI MPI"),  # info
    (r"up to \d+ threads?", "up to # threads"),
    (r"^annc\.progress: .*", "annc.progress: #"),  # info on a checkpoint
    (r"\b(loss|seconds) 0x\S+", r"\1 #"),
    (r"memory: [\d.]+ of [\d.]+ GB free", "memory: # of # GB free"),
    (r'"(commit|blas|zlib|libpng|libjpeg|cuda|mpi|name|device_name)":"[^"]*"(?=[,}])', r'"\1":"#"'),  # JSON
    (r'"(memory_bytes|memory_free|seconds|test_seconds|validation_seconds|wall_seconds|examples_per_second)":' + NUMBER, r'"\1":#'),
    (r"ANNC_CUDA_MODULE could not be loaded: .*?(?=$|\)$|\")", "ANNC_CUDA_MODULE could not be loaded: REASON"),  # the C library's words
    (r"curl: \(\d+\) .*", "curl: REASON"),
    (r"\d\.\d\de-\d\d (?= *\d\.\d\de-\d\d)", "########"),  # rounding errors of check, not its tolerances
    (r'"(worst|normwise)":' + NUMBER, r'"\1":#'),
    (r"^(finite-difference|cpu|cpu, fused)\n(\d+)\n(\d+)\n\S+\n\S+$", r"\1\n\2\n\3\n########\n########"),  # the same in a report
    (r"\d+ are free of \d+", "# are free of #"),
    (r"^(trained \d+ epochs? in )\S+ (s|min)$", r"\1# s"),
    (r"^(validation epoch   seconds   network(?:\n.*)*)", lambda table: re.sub(r"(?m)^((?:R2 )?\S+ +\d+ +)\d+\.\d{3} ", r"\1#.### ", table[1])),  # sweep
)]


def prepare(folder, environment):
    """Writes the data into the folder and makes the models."""
    def table(name, rows, header=None):
        (folder / name).write_text("".join(",".join(map(str, row)) + "\n" for row in ([header] if header else []) + rows), encoding="utf-8")

    def images(name, n, labels=None, train="train"):
        (folder / name).mkdir(exist_ok=True)
        pixels, classes = bars(n)
        (folder / name / f"{train}-images-idx3-ubyte").write_bytes(pixels)
        (folder / name / f"{train}-labels-idx1-ubyte").write_bytes(labels or classes)

    rows = blobs(60)
    table("blobs.csv", rows, COLUMNS)
    table("blobs_test.csv", blobs(90)[60:], COLUMNS)
    table("blobs_few.csv", [row[:4] for row in rows[:3]], COLUMNS[:4])
    table("blobs_more.csv", [[i, *row] for i, row in enumerate(rows[:3])], ["extra", *COLUMNS])
    table("blobs_word.csv", [row[:4] for row in rows[:2]] + [["0.1", "wide", "0.3", "0.4"]], COLUMNS[:4])
    table("blobs_wrong.csv", [[*row[:4], "alpha" if i in (4, 11) else row[4]] for i, row in enumerate(rows)], COLUMNS)
    table("other_class.csv", rows[:3] + [[*rows[3][:4], "alpa"]], COLUMNS)
    table("near_class.csv", rows[:3] + [[*rows[3][:4], "alpha."]], COLUMNS)
    table("xor.csv", [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], ["a", "b", "label"])
    table("line.csv", [[x / 10, 3 * x / 10 + 1] for x in range(50)], ["x", "y"])
    table("line_few.csv", [[0.5], [1.25], [4]], ["x"])
    table("steep.csv", [[x, 1000 * x] for x in range(200)], ["x", "y"])
    table("holes.csv", [[*row[:3], "" if i % 20 == 7 else row[3], row[4]] for i, row in enumerate(rows)], COLUMNS)
    table("ragged.csv", rows[:5] + [rows[5][:3]] + rows[6:], COLUMNS)
    table("words.csv", [[row[0], "wide" if i == 9 else row[1], *row[2:]] for i, row in enumerate(rows)], COLUMNS)
    table("infinite.csv", [[row[0], "inf" if i == 9 else row[1], *row[2:]] for i, row in enumerate(rows)], COLUMNS)
    table("numbers.csv", [[i, 2 * i % 7, 3 * i % 5] for i in range(30)])
    table("quote.csv", [['"0.5', 1, "yes"], [0.25, 2, "no"]])
    (folder / "nothing.csv").write_bytes(b"")
    (folder / "binary.csv").write_bytes(b"a,b\n1," + bytes(range(256)))
    (folder / "semicolons.csv").write_text("".join(";".join(row).replace(".", ",") + "\n" for row in rows), encoding="utf-8")
    (folder / "latin.csv").write_text("".join(",".join(row) + "\n" for row in blobs(60, ("süß", "sauer", "bitter"))), encoding="latin-1")
    (folder / "decimals.csv").write_text("".join(";".join(row) + "\n" for row in [["0,5", "0.5", "yes"], ["1,5", "2.5", "no"]] * 9), encoding="utf-8")
    table("thousands.csv", [[row[0], f'"{1 + i % 3},234.50"', row[4]] for i, row in enumerate(rows)], ["a", "d", "label"])
    (folder / "zipped.csv.gz").write_bytes(gzip.compress((folder / "blobs.csv").read_bytes(), mtime=0))

    images("bars", 100)
    images("bars", 50, train="t10k")
    images("renamed", 20)
    images("renamed", 10, train="t10k")
    images("twice", 20)
    images("twice", 10, train="t10k")
    for name, times in (("renamed", 1), ("twice", 2)):
        for path in (folder / name).iterdir():
            for _ in range(times):
                path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    images("uneven", 20, bars(19)[1])
    images("page", 20)
    (folder / "page" / "train-images-idx3-ubyte").write_bytes(b"<!DOCTYPE html><html>503</html>")
    images("short", 20)
    (folder / "short" / "train-images-idx3-ubyte").write_bytes(bars(20)[0][:5000])
    (folder / "few-images-idx3-ubyte").write_bytes(bars(3)[0])
    (folder / "notidx-images-idx3-ubyte").write_bytes(b"\x01\x02\x03\x04" + bytes(1000))
    (folder / "notidx-labels-idx1-ubyte").write_bytes(idx([10], bytes(10)))
    (folder / "empty").mkdir()
    (folder / "paper.png").write_bytes(grey([255 - value for value in bars(1)[0][16:]]))
    (folder / "digit.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))

    x = npy([60, 4], "f", [float(value) for row in rows for value in row[:4]])
    y = npy([60], "B", [i % 3 for i in range(60)])
    for name, members in (("arrays.npz", {"x_train": x, "y_train": y}), ("names.npz", {"foo": x, "bar": x})):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for member, content in members.items():
                archive.writestr(zipfile.ZipInfo(f"{member}.npy"), content)
    (folder / "short.npz").write_bytes((folder / "arrays.npz").read_bytes()[:700])
    (folder / "x.npy").write_bytes(x)
    (folder / "y.npy").write_bytes(y)
    (folder / "short.npy").write_bytes(x[:400])
    (folder / "objects.npy").write_bytes(npy([60, 4], "B", [0] * 240, descr="|O"))

    (folder / "train.config").write_text("data = blobs.csv\nlayers = 4-3:softmax\ncost = categorical-cross-entropy\ndevice = cpu\nthreads = 1\nsample = 3\n", encoding="utf-8")
    (folder / "wrong.config").write_text("epochs = 3\nbacth = 16\n", encoding="utf-8")
    (folder / "broken.config").write_text("epochs = 3\nbatch 16\n", encoding="utf-8")

    for line in PREPARATION.strip().splitlines():
        words = command_of(line)[0]
        result = subprocess.run([PROGRAM, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        if result.returncode != 0:
            sys.exit(f"annc-gpu {shlex.join(words)}: exit code {result.returncode}\n{result.stderr.decode(errors='replace')}")
        if words[0] == "sweep":
            (folder / "sweep.jsonl").write_bytes(result.stdout)

    model = (folder / "tiny.safetensors").read_bytes()
    header = struct.unpack("<Q", model[:8])[0]
    (folder / "short.safetensors").write_bytes(model[:-20])
    (folder / "page.safetensors").write_bytes(b"<!DOCTYPE html><html>503</html>")
    (folder / "claims.safetensors").write_bytes(b"\xff" * 100)
    (folder / "badjson.safetensors").write_bytes(model[:8] + b"[" + model[9:])
    (folder / "badshape.safetensors").write_bytes(model.replace(b'"shape":[2,4]', b'"shape":[4,4]', 1))
    (folder / "overflow.safetensors").write_bytes(signed(model[:8 + header] + struct.pack("<f", 1e20) * ((len(model) - 8 - header) // 4)))
    (folder / "damaged.safetensors").write_bytes(model[:-2] + bytes([model[-2] ^ 1]) + model[-1:])
    for name, old, new in (("newer", b'"annc.version":"0', b'"annc.version":"9'), ("scale", b'"annc.scale":"s', b'"annc.scale":"z'), ("key", b'"annc.scale"', b'"annc.scalp"')):
        (folder / f"{name}.safetensors").write_bytes(signed(model.replace(old, new, 1)))
    tensors = b'{"0.weight":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},"0.bias":{"dtype":"F32","shape":[2],"data_offsets":[32,40]},' \
              b'"2.weight":{"dtype":"F32","shape":[3,2],"data_offsets":[40,64]},"2.bias":{"dtype":"F32","shape":[3],"data_offsets":[64,76]}}'
    (folder / "foreign.safetensors").write_bytes(struct.pack("<Q", len(tensors)) + tensors + struct.pack("<19f", *(i % 5 / 4 - 0.5 for i in range(19))))
    for name in ("blobs.jsonl", "line.jsonl", "folds.jsonl", "sweep.jsonl"):  # report shows these
        text = (folder / name).read_text(encoding="utf-8")
        text = re.sub(r'"(seconds|test_seconds|validation_seconds|wall_seconds)":' + NUMBER, r'"\1":0.5', text)
        text = re.sub(r'"examples_per_second":' + NUMBER, '"examples_per_second":1000', text)
        text = re.sub(r'"commit":"[^"]*"', '"commit":"COMMIT"', text)
        (folder / name).write_text(re.sub(r'"device_name":"[^"]*"', '"device_name":"PROCESSOR"', text), encoding="utf-8")
    log = (folder / "blobs.jsonl").read_bytes()
    (folder / "cut.jsonl").write_bytes(log[:log.index(b"\n") + 40])


def command_of(line):
    """A case's words, what the build must have, its environment, and the file of standard input."""
    words, needs, environment, source = [], None, {}, None
    given = shlex.split(line)
    for word in given:
        if not words and word in ("zlib:", "png:", "curl:"):
            needs = word[:-1]
        elif not words and re.match(r"[A-Z_]+=", word):
            environment.update([word.split("=", 1)])
        elif word == "<":
            source = ""
        elif source == "":
            source = word
        elif word.startswith("$"):
            shared = shlex.split(OPTIONS[word[1:]])
            for option, value in zip(shared[::2], shared[1::2]):
                words += [option, value] if option not in given else []  # a case's own value replaces the shared one
        else:
            words.append(word)
    return words, needs, environment, source


def cases():
    """Name and command line of each case."""
    for line in CASES.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, command = line.partition(" ")
            yield name, command.strip()


def words_of(markup):
    """The text between the tags of a page or picture, a line each, without scripts and styles."""
    markup = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", markup)
    lines = (html.unescape(" ".join(text.split())) for text in re.split(r"<[^>]*>", markup))
    return "".join(line + "\n" for line in lines if line)


def masked(text, own):
    """The text with what `own` and MASKS name replaced."""
    for word, by in own.items():
        text = text.replace(word, by)
    for pattern, by in MASKS:
        text = pattern.sub(by, text)
    return text


def read(path):
    """The text of a file with its line ends as they are."""
    return path.read_bytes().decode()


def section(title, text):
    """A section of an expected file, which says so if the text does not end with a newline."""
    return f"--- {title}\n" + text + ("" if not text or text.endswith("\n") else "\n\\ no newline at the end\n")


def transcript(command, folder, environment, own):
    """What an expected file holds: command line, exit code, streams, written files."""
    words, _, more, source = command_of(command)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        here = pathlib.Path(place)
        for path in folder.iterdir():
            (here / path.name).symlink_to(path)
        with open(here / source if source else os.devnull, "rb") as stream:
            result = subprocess.run([PROGRAM, *words], cwd=here, env={**environment, **more}, stdin=stream, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, timeout=TIME_LIMIT)
        shown = " ".join([*(f"{name}={value}" for name, value in more.items()), "annc-gpu", *map(shlex.quote, words), *(["<", source] if source else [])])
        text = f"$ {shown}\n" + section("exit code", f"{result.returncode}\n")
        for title, content in (("standard output", result.stdout), ("standard error", result.stderr)):
            text += section(title, masked(content.decode(errors="backslashreplace"), own))
        for path in sorted(here.glob("out.*")):
            if path.suffix == ".safetensors":
                text += section(f"wrote {path.name}", "")
            elif path.suffix in (".html", ".svg"):
                text += section(f"text of {path.name}", masked(words_of(read(path)), own))
            else:
                text += section(f"content of {path.name}", masked(read(path), own))
    return text


# A number in text; the f of C's float constants may follow.
TOKEN = re.compile(r"(?<![\w.#])-?\d+(?:\.\d*)?(?:e[-+]?\d+)?(?=f\b|(?![\w#]))")


def is_rounding(number, expected):
    """Whether two printed numbers are the same but for rounding."""
    if number == expected or not all(re.search(r"[.e]", text) for text in (number, expected)):
        return number == expected
    mantissas = [text.partition("e")[0] for text in (number, expected)]
    decimals = [len(text.partition(".")[2]) for text in mantissas]
    digits = max(len(re.sub(r"\D", "", text).lstrip("0")) for text in mantissas)
    if decimals[0] != decimals[1]:  # %g leaves out zeros at the end
        units = abs(float(mantissas[0]) - float(mantissas[1])) * 10 ** max(decimals)
        if digits < 6 or abs(decimals[0] - decimals[1]) > (3 if digits >= 9 else 1) or (digits < 9 and units > 2.5):
            return False
    a, b = float(number), float(expected)
    return abs(a - b) <= max(ABSOLUTE if digits >= 4 else 0, RELATIVE * abs(b))  # --epsilon 1e-8 is exact


def rounded_as(expected, text):
    """The text with the expected digits where a number differs by rounding alone.

    Lines are compared with the lines that have the same text around their numbers."""
    mine, theirs = text.splitlines(keepends=True), expected.splitlines(keepends=True)
    pattern_of = lambda line: TOKEN.sub("#", line)
    matcher = difflib.SequenceMatcher(None, [pattern_of(line) for line in mine], [pattern_of(line) for line in theirs], autojunk=False)
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            wanted = iter(TOKEN.findall(theirs[block.b + i]))
            def chosen(match):
                number = next(wanted)
                return number if is_rounding(match.group(), number) else match.group()
            mine[block.a + i] = TOKEN.sub(chosen, mine[block.a + i])
    return "".join(mine)


def main():
    renew = "--renew" in sys.argv
    wanted = sys.argv[sys.argv.index("-k") + 1] if "-k" in sys.argv else ""
    chosen = [(name, command) for name, command in cases() if wanted in name]
    names = [name for name, _ in cases()]
    assert len(set(names)) == len(names), "two cases have one name"
    version = subprocess.run([PROGRAM, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    missing = {need for need, word in (("zlib", "zlib none"), ("png", "libpng none")) if word in version}
    missing |= {"curl"} if not shutil.which("curl") else set()
    passed, failed, skipped = 0, 0, 0
    EXPECTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="annc-golden-") as temporary:
        folder = pathlib.Path(temporary) / "files"
        folder.mkdir()
        environment = {"PATH": os.environ["PATH"], "HOME": temporary, "TMPDIR": temporary, "LC_ALL": "C.UTF-8", "TERM": "dumb", "COLUMNS": "80",
                       "ANNC_OFFLINE": "1", "ANNC_CUDA_MODULE": "/nonexistent", "CUDA_VISIBLE_DEVICES": "",
                       **{name: os.environ[name] for name in ("ANNC_CPU_KERNELS", "ASAN_OPTIONS", "UBSAN_OPTIONS", "OPENBLAS_CORETYPE") if name in os.environ}}
        prepare(folder, environment)
        info = subprocess.run([PROGRAM, "info", "--device", "cpu", "--json"], env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
        own = {json.loads(info)["devices"][0]["name"]: "PROCESSOR", str(folder): "DIRECTORY"}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            runs = [(name, None if command_of(command)[1] in missing else pool.submit(transcript, command, folder, environment, own))
                    for name, command in chosen]
            for name, run in runs:
                path = EXPECTED / f"{name}.txt"
                if not run:
                    skipped += 1
                    continue
                expected = read(path) if path.exists() else ""
                text = rounded_as(expected, run.result())
                if text == expected:
                    passed += 1
                elif renew:
                    path.write_text(text, encoding="utf-8")
                    passed += 1
                    print(f"renewed {path.name}")
                else:
                    failed += 1
                    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(keepends=True), text.splitlines(keepends=True),
                                                               f"expected/{path.name}", "this build"))
    for path in sorted(EXPECTED.iterdir()) if not wanted else ():
        if path.stem in names and path.suffix == ".txt":
            continue
        if renew:
            path.unlink()
            print(f"removed {path.name}")
        else:
            failed += 1
            print(f"expected/{path.name} belongs to no case")
    if failed:
        print(f"Where the new text is right, renew the files and review the change: {sys.argv[0]} {sys.argv[1]} --renew && git diff tests/program/expected")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
