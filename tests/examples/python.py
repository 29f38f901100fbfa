"""Asks a model from Python, by ctypes alone: python.py LIBANNC MODEL NUMBER..."""
import ctypes
import sys

annc = ctypes.CDLL(sys.argv[1])  # "libannc.so.0", built with -DBUILD_SHARED_LIBS=ON
annc.annc_last_error.restype = ctypes.c_char_p
annc.annc_network_shape.restype = ctypes.POINTER(ctypes.c_uint32)  # L, then n_0 to n_L, and more
network = ctypes.c_void_p()
if annc.annc_model_load(sys.argv[2].encode(), None, ctypes.byref(network)):
    sys.exit(annc.annc_last_error().decode())
shape = annc.annc_network_shape(network)
inputs, outputs = shape[1], shape[1 + shape[0]]
if len(sys.argv) - 3 != inputs:
    sys.exit(f"the model takes {inputs} numbers")
x, y = (ctypes.c_float * inputs)(*map(float, sys.argv[3:])), (ctypes.c_float * outputs)()
if annc.annc_network_predict(network, None, 1, x, None, y):
    sys.exit(annc.annc_last_error().decode())
print(*(f"{output:.4g}" for output in y))
