// SPDX-License-Identifier: Apache-2.0
#include "common.hpp"

namespace tenon::python {
namespace {

// Any thread may log; one that has no Python state yet gets one for the call. Nothing is said once the interpreter
// ends.
void log_to_python(void*, uint32_t level, tenon_string text) {
  if (!nb::is_alive() || Py_IsInitialized() == 0) {
    return;
  }
  nb::gil_scoped_acquire gil;
  try {
    imports().log(level, nb::str(text.data, text.len));
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("tenon's log");
  }
}

}  // namespace

void register_environment(nb::module_& m) {
  nb::class_<Env>(
      m, "Environment",
      "Providers found, the thread pool, and what sessions share.\n\n"
      "threads: of the pool, the caller included; 0: TENON_NUM_THREADS, else what affinity and cgroup quota\n"
      "allow. log_level: 1 error, 2 warning, 3 info, 4 debug; 0: TENON_LOG, else warning. provider_dirs:\n"
      "folders with manifests, searched before all others. no_default_dirs: search no other.")
      .def(
          "__init__",
          [](Env* self, uint32_t threads, uint32_t log_level, std::vector<std::string> provider_dirs,
             bool no_default_dirs) {
            EnvOptions options;
            options.threads = threads;
            options.log_level = log_level;
            options.provider_dirs = std::move(provider_dirs);
            options.no_default_dirs = no_default_dirs;
            options.log = log_to_python;
            nb::gil_scoped_release release;
            new (self) Env(options);
          },
          nb::kw_only(), nb::arg("threads") = 0, nb::arg("log_level") = 0,
          nb::arg("provider_dirs") = std::vector<std::string>(), nb::arg("no_default_dirs") = false)
      .def(
          "add_provider", [](Env& self, const std::string& manifest) { self.add_provider(manifest); },
          nb::arg("manifest"), nb::call_guard<nb::gil_scoped_release>(),
          "Adds one provider by the path of its manifest, before those found so far.")
      .def("providers_json", &Env::providers_json, nb::arg("load") = true, nb::call_guard<nb::gil_scoped_release>())
      .def("memory_json", &Env::memory_json, nb::call_guard<nb::gil_scoped_release>())
      .def("trim", &Env::trim, nb::call_guard<nb::gil_scoped_release>(), "Gives cached memory back to the system.")
      .def(
          "optimize",
          [](const Env& self, const std::string& model, const std::string& out, const SessionOptions& options,
             uint32_t opset, bool external_data) {
            OptimizeOptions how;
            how.opset = opset;
            how.external_data = external_data;
            return optimize(self, model, out, options, how);
          },
          nb::arg("model"), nb::arg("out"), nb::arg("options"), nb::arg("opset") = 0, nb::arg("external_data") = false,
          nb::call_guard<nb::gil_scoped_release>(),
          "Runs the passes on a model's file and writes the graph as an ONNX model. opset: of ai.onnx, 0: the model's\n"
          "own. external_data: weights go to a file beside it. Returns JSON, see tenon_env_optimize.");
  m.def(
      "version", [] { return version(); }, "Of the library, such as \"0.1.0\".");
}

}  // namespace tenon::python
