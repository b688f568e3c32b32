// SPDX-License-Identifier: Apache-2.0
// What the files of the extension `tenon._tenon` share. The extension is thin: objects of tenon.hpp, and the conversion
// between Python's objects and tenon_value. What needs no speed is written in Python, in ../tenon.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <tenon/tenon.hpp>

namespace nb = nanobind;

namespace tenon::python {

// Functions of ../tenon/_convert.py and NumPy's types, looked up once and kept for the life of the process: the module
// may be torn down at exit while a session still lives.
struct Imports {
  nb::object ndarray;         // numpy.ndarray
  nb::object dtypes;          // list: numpy dtype by ONNX's number, None where there is none yet
  nb::object to_tensor;       // (value, dtype number or 0, name) -> Tensor, for what has no plain buffer
  nb::object from_tensor;     // (Tensor) -> object, for strings and packed dtypes
  nb::object raise_error;     // (code, text, node, op, value, provider, got, expected): raises
  nb::object log;             // (level, text)
  unsigned long main_thread;  // what pthread_self() is there
};
Imports& imports();

void register_errors(nb::module_& m);
void register_environment(nb::module_& m);
void register_options(nb::module_& m);
void register_tensor(nb::module_& m);
void register_session(nb::module_& m);
void register_binding(nb::module_& m);
void register_report(nb::module_& m);

}  // namespace tenon::python
