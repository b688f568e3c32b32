// SPDX-License-Identifier: Apache-2.0
// The extension `tenon._tenon`.
#include <pthread.h>

#include "common.hpp"

namespace tenon::python {

Imports& imports() {
  static Imports* all = new Imports();  // never destroyed: sessions may outlive the module
  return *all;
}

}  // namespace tenon::python

NB_MODULE(_tenon, m) {
  using namespace tenon::python;
  // Sessions that live until the interpreter's end are no mistake of the program's.
  nb::set_leak_warnings(false);
  m.doc() = "Tenon's C++ side; use the package `tenon`.";
  m.def(
      "_connect",
      [](nb::object ndarray, nb::object dtypes, nb::object to_tensor, nb::object from_tensor, nb::object raise_error,
         nb::object log, unsigned long main_thread) {
        imports() = {ndarray, dtypes, to_tensor, from_tensor, raise_error, log, main_thread};
      },
      nb::arg("ndarray"), nb::arg("dtypes"), nb::arg("to_tensor"), nb::arg("from_tensor"), nb::arg("raise_error"),
      nb::arg("log"), nb::arg("main_thread"));
  register_errors(m);
  register_environment(m);
  register_options(m);
  register_tensor(m);
  register_session(m);
  register_binding(m);
  register_report(m);
}
