// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs bound once and run many times: a run of a binding looks nothing up and converts nothing.
#include <optional>

#include "session.hpp"
#include "value.hpp"

namespace tenon::python {
namespace {

class Binding {
 public:
  explicit Binding(nb::object session)
      : owner_(std::move(session)),
        session_(nb::cast<PySession*>(owner_)),
        inputs_(session_->inputs().size()),
        outputs_(session_->outputs().size()) {}

  void bind_input(nb::handle name, nb::handle value) {
    const uint32_t i = session_->input_index(name);
    const Io& io = session_->inputs()[i];
    Input input;
    if (io.dtype == TENON_UNDEFINED) {
      input.value = as_value(value, io.type, io.name, &input.held);
    } else {
      nb::object holder;
      input.value = as_tensor(value, io.dtype, io.name.c_str(), &holder)->value();
      input.held.push_back(std::move(holder));
    }
    inputs_[i] = std::move(input);
  }

  void bind_output(nb::handle name, nb::handle value) {
    const uint32_t i = session_->output_index(name);
    Output output;
    output.bound = true;
    if (!value.is_none()) {
      const Io& io = session_->outputs()[i];
      as_output(value, io.dtype, io.name.c_str(), &output.given);
      output.target = nb::borrow(value);
    }
    outputs_[i] = std::move(output);
  }

  void clear_inputs() { inputs_.assign(inputs_.size(), {}); }
  void clear_outputs() { outputs_.assign(outputs_.size(), {}); }

  void run(RunControl* options) {
    std::vector<const tenon_value*> in(inputs_.size());
    std::vector<tenon_value*> out(outputs_.size());
    std::vector<uint8_t> wanted(outputs_.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (inputs_[i].value) {
        in[i] = inputs_[i].value.get();
      } else {
        PySession::check_not_none(nb::none(), session_->inputs()[i]);
      }
    }
    for (size_t i = 0; i < outputs_.size(); ++i) {
      wanted[i] = outputs_[i].bound ? 1 : 0;
      if (outputs_[i].given) {
        out[i] = nb::cast<Tensor*>(outputs_[i].given)->value().get();
      }
    }
    session_->run_values(in, out, wanted.data(), options);
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].bound && !outputs_[i].given) {
        Value value(out[i]);
        outputs_[i].made = value.is_tensor() ? nb::cast(Tensor(std::move(value))) : to_python(std::move(value));
      }
    }
  }

  // Tensors (or lists, dicts) of the bound outputs, in the model's order.
  nb::list outputs() const {
    nb::list all;
    for (const Output& output : outputs_) {
      if (output.bound) {
        all.append(output.given ? output.given : output.made ? output.made : nb::none());
      }
    }
    return all;
  }

 private:
  struct Input {
    Value value;
    std::vector<nb::object> held;  // what the value reads
  };
  struct Output {
    bool bound = false;
    nb::object given;   // the Tensor over what was bound
    nb::object target;  // the object that was bound
    nb::object made;    // by the last run
  };
  nb::object owner_;
  PySession* session_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
};

}  // namespace

void register_binding(nb::module_& m) {
  nb::class_<Binding>(m, "IOBinding",
                      "Inputs and outputs bound once and run many times: with every output bound to an array, a run\n"
                      "copies and allocates nothing. One binding serves one thread at a time.")
      .def(
          "__init__", [](Binding* self, nb::object session) { new (self) Binding(std::move(session)); },
          nb::arg("session"))
      .def("bind_input", &Binding::bind_input, nb::arg("name"), nb::arg("value"),
           "Reads `value` (array, Tensor, DLPack producer) where it lies, in each run.")
      .def("bind_output", &Binding::bind_output, nb::arg("name"), nb::arg("value").none() = nb::none(),
           "Writes into `value`; None: each run makes a new tensor.")
      .def("clear_inputs", &Binding::clear_inputs)
      .def("clear_outputs", &Binding::clear_outputs)
      .def("run", &Binding::run, nb::arg("run_options").none() = nb::none(), "Runs the session once on what is bound.")
      .def("get_outputs", &Binding::outputs, "Tensors of the bound outputs, in the model's order.");
}

}  // namespace tenon::python
