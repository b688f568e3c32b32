// SPDX-License-Identifier: Apache-2.0
// tenon::Error becomes the exception class of its code, see ../tenon/errors.py.
#include "common.hpp"

namespace tenon::python {

void register_errors(nb::module_& m) {
  nb::register_exception_translator(
      [](const std::exception_ptr& thrown, void*) {
        try {
          std::rethrow_exception(thrown);
        } catch (const Error& error) {
          try {
            imports().raise_error(error.code(), error.what(), error.node, error.op, error.value, error.provider,
                                  error.got, error.expected);
          } catch (nb::python_error& raised) {
            raised.restore();
          }
        }
      },
      nullptr);
  m.def(
      "code_name", [](int32_t code) { return std::string(tenon_code_name(code)); }, nb::arg("code"),
      "\"INVALID_MODEL\" for 2, and so on; \"UNKNOWN\" for others.");
}

}  // namespace tenon::python
