// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "options.hpp"
#include "tensor.hpp"

namespace tenon::python {

// A loaded model. Runs may go on many at once, on any threads; the GIL is released while they compute.
class PySession {
 public:
  PySession(Env env, nb::handle source, const SessionOptions& options, const std::string& external_folder);

  // inputs: dict of name to array. outputs: None (all), or names in the wanted order. out: None, or a dict of output
  // name to array (or Tensor) that the run writes into.
  nb::list run(nb::handle outputs, nb::handle inputs, RunControl* options, nb::handle out);

  // The run itself, for values by position; made outputs are stored in `outputs`.
  void run_values(std::vector<const tenon_value*>& inputs, std::vector<tenon_value*>& outputs, const uint8_t* wanted,
                  RunControl* options);

  const tenon::Session& session() const { return *session_; }
  uint32_t input_index(nb::handle name) const { return index(input_names_, name, "input"); }
  uint32_t output_index(nb::handle name) const { return index(output_names_, name, "output"); }
  const std::vector<Io>& inputs() const { return inputs_; }
  const std::vector<Io>& outputs() const { return outputs_; }
  static void check_not_none(nb::handle value, const Io& io);

 private:
  uint32_t index(const std::vector<nb::object>& names, nb::handle name, const char* what) const;
  [[noreturn]] void missing_input(const std::vector<const tenon_value*>& given) const;

  nb::object bytes_;  // what a session from bytes reads; outlives it
  std::optional<tenon::Session> session_;
  std::vector<Io> inputs_, outputs_;
  std::vector<nb::object> input_names_, output_names_;  // interned, so that most look-ups compare pointers
};

}  // namespace tenon::python
