// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <array>
#include <optional>

#include "interrupt.hpp"
#include "value.hpp"

namespace tenon::python {
namespace {

std::vector<nb::object> interned(const std::vector<Io>& all) {
  std::vector<nb::object> names;
  names.reserve(all.size());
  for (const Io& io : all) {
    PyObject* name = PyUnicode_FromStringAndSize(io.name.data(), static_cast<Py_ssize_t>(io.name.size()));
    PyUnicode_InternInPlace(&name);
    names.push_back(nb::steal(name));
  }
  return names;
}

// Lone surrogates are written as escapes.
std::string utf8(nb::handle text) {
  const nb::object bytes = text.attr("encode")("utf-8", "backslashreplace");
  return std::string(PyBytes_AsString(bytes.ptr()), static_cast<size_t>(PyBytes_Size(bytes.ptr())));
}

std::string listed(const std::vector<Io>& all) {
  std::string text;
  for (size_t i = 0; i < all.size() && i < 20; ++i) {
    text += (i > 0 ? ", '" : "'") + all[i].name + "'";
  }
  return all.size() > 20 ? text + ", and " + std::to_string(all.size() - 20) + " more" : text;
}

// One reference to each value that a run made, dropped unless it is taken.
class Made {
 public:
  explicit Made(size_t count) : values(count) {}
  ~Made() {
    for (size_t i = 0; i < values.size(); ++i) {
      if (!given(i)) {
        tenon_value_release(values[i]);
      }
    }
  }
  bool given(size_t i) const { return !given_.empty() && given_[i]; }
  void give(size_t i, tenon_value* value) {
    given_.resize(values.size());
    given_[i] = true;
    values[i] = value;
  }
  std::vector<tenon_value*> values;

 private:
  std::vector<bool> given_;
};

nb::dict describe(const Io& io) {
  nb::dict record;
  nb::list shape;
  for (size_t axis = 0; axis < io.dims.size(); ++axis) {
    if (io.dims[axis] >= 0) {
      shape.append(io.dims[axis]);
    } else if (!io.symbols[axis].empty()) {
      shape.append(io.symbols[axis]);
    } else {
      shape.append(nb::none());
    }
  }
  record["name"] = io.name;
  record["type"] = io.type;
  record["dtype_number"] = io.dtype;
  record["shape"] = io.rank_known ? nb::object(shape) : nb::none();
  record["optional"] = io.optional;
  return record;
}

nb::list describe(const std::vector<Io>& all) {
  nb::list list;
  for (const Io& io : all) {
    list.append(describe(io));
  }
  return list;
}

}  // namespace

PySession::PySession(Env env, nb::handle source, const SessionOptions& options, const std::string& external_folder) {
  if (PyBytes_Check(source.ptr())) {
    char* data = nullptr;
    Py_ssize_t bytes = 0;
    if (PyBytes_AsStringAndSize(source.ptr(), &data, &bytes) != 0) {
      throw nb::python_error();
    }
    bytes_ = nb::borrow(source);
    nb::gil_scoped_release release;
    tenon_session* session = nullptr;
    detail::check(tenon_session_create_from_bytes, env.get(), static_cast<const void*>(data),
                  static_cast<uint64_t>(bytes), 1u, detail::str(external_folder), options.get(), &session);
    session_.emplace(session);
  } else {
    const nb::object encoded = nb::steal(PyUnicode_EncodeFSDefault(source.ptr()));
    if (!encoded) {
      throw nb::python_error();
    }
    const std::string path(PyBytes_AsString(encoded.ptr()), static_cast<size_t>(PyBytes_Size(encoded.ptr())));
    nb::gil_scoped_release release;
    session_.emplace(env, path, options);
  }
  inputs_ = session_->inputs();
  outputs_ = session_->outputs();
  input_names_ = interned(inputs_);
  output_names_ = interned(outputs_);
}

uint32_t PySession::index(const std::vector<nb::object>& names, nb::handle name, const char* what) const {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].ptr() == name.ptr()) {
      return static_cast<uint32_t>(i);
    }
  }
  if (PyUnicode_Check(name.ptr())) {
    for (size_t i = 0; i < names.size(); ++i) {
      if (PyUnicode_Compare(names[i].ptr(), name.ptr()) == 0) {
        return static_cast<uint32_t>(i);
      }
    }
    const std::string text = utf8(name);
    throw Error(TENON_INVALID_ARGUMENT, std::string("the model has no ") + what + " '" + text + "'; its " + what +
                                            "s are " + listed(&names == &input_names_ ? inputs_ : outputs_));
  }
  throw nb::type_error((std::string(what) + " names are str").c_str());
}

void PySession::missing_input(const std::vector<const tenon_value*>& given) const {
  std::string text;
  for (size_t i = 0; i < given.size(); ++i) {
    if (given[i] == nullptr && !inputs_[i].optional) {
      text += (text.empty() ? "'" : ", '") + inputs_[i].name + "' (" + inputs_[i].type + ")";
    }
  }
  throw Error(TENON_INVALID_ARGUMENT, "no value for input " + text);
}

void PySession::run_values(std::vector<const tenon_value*>& inputs, std::vector<tenon_value*>& outputs,
                           const uint8_t* wanted, RunControl* options) {
  // Runs of the main thread never nest, so one set of options serves those that bring none.
  static RunControl main_thread_runs;
  const bool main_thread = pthread_self() == imports().main_thread;
  RunControl* control = options != nullptr ? options : main_thread ? &main_thread_runs : nullptr;
  for (;;) {
    tenon_status status{};
    status.size = sizeof status;
    int32_t code = TENON_OK;
    bool interrupted = false;
    {
      nb::gil_scoped_release release;
      InterruptGuard guard(control != nullptr ? control->options().get() : nullptr);
      code = tenon_session_run(session_->get(), control != nullptr ? control->options().get() : nullptr, inputs.data(),
                               static_cast<uint32_t>(inputs.size()), outputs.data(),
                               static_cast<uint32_t>(outputs.size()), wanted, &status);
      interrupted = guard.interrupted();
    }
    if (interrupted) {
      control->forget_interrupt();
    }
    if (code == TENON_OK) {
      return;
    }
    if (code == TENON_CANCELLED && interrupted && !control->cancelled()) {
      if (PyErr_CheckSignals() != 0) {
        throw nb::python_error();
      }
      continue;  // the program's own handler chose to go on: nothing is lost, the run starts again
    }
    throw Error(code, std::string(status.msg, status.len));
  }
}

nb::list PySession::run(nb::handle outputs, nb::handle inputs, RunControl* options, nb::handle out) {
  if (!PyDict_Check(inputs.ptr())) {
    throw nb::type_error("run: the inputs are a dict of name to array");
  }
  std::vector<const tenon_value*> in(inputs_.size());
  std::vector<Tensor> local(static_cast<size_t>(PyDict_Size(inputs.ptr())));
  std::vector<nb::object> held;
  std::vector<Value> others;  // sequences, maps and optionals
  size_t next = 0;
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(inputs.ptr(), &at, &key, &value) != 0;) {
    const uint32_t i = input_index(key);
    if (inputs_[i].dtype == TENON_UNDEFINED) {
      others.push_back(as_value(value, inputs_[i].type, inputs_[i].name, &held));
      in[i] = others.back().get();
      continue;
    }
    if (value == Py_None) {
      check_not_none(value, inputs_[i]);
      continue;
    }
    Tensor& tensor = local[next];
    if (Tensor::over_buffer(value, &tensor)) {
      in[i] = tensor.value().get();
      ++next;
    } else {
      nb::object holder;
      in[i] = as_tensor(value, inputs_[i].dtype, inputs_[i].name.c_str(), &holder)->value().get();
      held.push_back(std::move(holder));
    }
  }
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] == nullptr && !inputs_[i].optional) {
      missing_input(in);
    }
  }

  std::vector<uint32_t> order;
  std::vector<uint8_t> wanted;
  const bool all = outputs.is_none() || (nb::isinstance<nb::sequence>(outputs) && nb::len(outputs) == 0);
  if (!all) {
    wanted.resize(outputs_.size());
    for (nb::handle name : nb::borrow<nb::sequence>(outputs)) {
      order.push_back(output_index(name));
      wanted[order.back()] = 1;
    }
  }
  Made made(outputs_.size());
  std::vector<nb::object> targets;
  if (!out.is_none()) {
    targets.resize(outputs_.size());
    for (auto [name, target] : nb::borrow<nb::dict>(out)) {
      const uint32_t i = output_index(name);
      nb::object holder;
      made.give(i, as_output(target, outputs_[i].dtype, outputs_[i].name.c_str(), &holder)->value().get());
      held.push_back(std::move(holder));
      targets[i] = nb::borrow(target);
    }
  }
  run_values(in, made.values, all ? nullptr : wanted.data(), options);

  nb::list results;
  std::vector<nb::object> done(outputs_.size());
  auto take = [&](uint32_t i) {
    if (!done[i]) {
      done[i] = made.given(i) ? targets[i] : to_python(Value(std::exchange(made.values[i], nullptr)));
    }
    results.append(done[i]);
  };
  if (all) {
    for (uint32_t i = 0; i < outputs_.size(); ++i) {
      take(i);
    }
  } else {
    for (uint32_t i : order) {
      take(i);
    }
  }
  return results;
}

void PySession::check_not_none(nb::handle, const Io& io) {
  if (!io.optional) {
    throw Error(TENON_INVALID_ARGUMENT, "input '" + io.name + "' (" + io.type + ") has no default: it cannot be None");
  }
}

void register_session(nb::module_& m) {
  nb::class_<PySession>(m, "Session")
      .def(
          "__init__",
          [](PySession* self, const Env& env, nb::handle source, const SessionOptions& options,
             const std::string& external_folder) { new (self) PySession(env, source, options, external_folder); },
          nb::arg("environment"), nb::arg("source"), nb::arg("options"), nb::arg("external_folder") = "",
          "source: a path (str) or a model's bytes, which are read where they are.")
      .def("run", &PySession::run, nb::arg("output_names").none(), nb::arg("input_feed"),
           nb::arg("run_options").none() = nb::none(), nb::arg("out").none() = nb::none(),
           "Runs the model once.\n\n"
           "output_names: which outputs, in this order; None or []: all. input_feed: array (or Tensor, DLPack "
           "producer,\n"
           "list, scalar) by name; arrays are read where they are, strided ones too. out: arrays by output name that "
           "the\n"
           "run writes into. Returns NumPy arrays in memory of their own (strings: arrays of str objects). Threads: "
           "any;\n"
           "the GIL is released. Raises InvalidTensorError for a wrong dtype, rank or size, CancelledError,\n"
           "DeadlineError, KeyboardInterrupt on Ctrl-C.")
      .def("describe_inputs", [](const PySession& self) { return describe(self.inputs()); })
      .def("describe_outputs", [](const PySession& self) { return describe(self.outputs()); })
      .def("metadata", [](const PySession& self) { return self.session().metadata(); })
      .def_prop_ro(
          "placement_line", [](const PySession& self) { return self.session().placement_line(); },
          "\"95 nodes: cpu 61, view 14, folded 18, removed 2\"")
      .def(
          "placement_json", [](const PySession& self) { return self.session().placement_json(); },
          nb::call_guard<nb::gil_scoped_release>())
      .def(
          "inspect_json", [](const PySession& self) { return self.session().inspect_json(); },
          nb::call_guard<nb::gil_scoped_release>())
      .def(
          "memory_json", [](const PySession& self) { return self.session().memory_json(); },
          nb::call_guard<nb::gil_scoped_release>())
      .def(
          "profile_json", [](const PySession& self) { return self.session().profile_json(); },
          nb::call_guard<nb::gil_scoped_release>())
      .def(
          "profile_trace", [](const PySession& self) { return self.session().profile_trace(); },
          nb::call_guard<nb::gil_scoped_release>())
      .def("profile_reset", [](PySession& self) { tenon::Session(self.session()).profile_reset(); })
      .def(
          "ir_text", [](const PySession& self, const std::string& stage) { return self.session().ir_text(stage); },
          nb::arg("stage") = "optimized", "The graph in the text form of the IR; stage: \"import\" or \"optimized\".")
      .def(
          "trim", [](PySession& self) { tenon::Session(self.session()).trim(); },
          nb::call_guard<nb::gil_scoped_release>(), "Drops cached plans and their memory.");
}

}  // namespace tenon::python
