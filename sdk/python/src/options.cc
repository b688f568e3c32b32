// SPDX-License-Identifier: Apache-2.0
#include <chrono>

#include "options.hpp"

namespace tenon::python {

void RunControl::set_timeout(std::optional<double> seconds) {
  if (seconds && !(*seconds > 0)) {
    throw Error(TENON_INVALID_ARGUMENT, "RunOptions: timeout is seconds above 0, or None");
  }
  timeout_ = seconds;
  // What is longer than 100 years is for ever.
  const double limit = std::min(seconds.value_or(0), 3.2e9);
  options_.timeout(std::chrono::nanoseconds(static_cast<int64_t>(limit * 1e9)));
}

void register_options(nb::module_& m) {
  nb::class_<RunControl>(m, "RunOptions",
                         "Cancels and limits the runs that it is given to; share one between the running and the\n"
                         "cancelling thread.\n\n"
                         "timeout: seconds from the start of each run after which it raises DeadlineError; None: no\n"
                         "limit. threads: at most so many, the caller included; 0: the session's.")
      .def(
          "__init__",
          [](RunControl* self, std::optional<double> timeout, uint32_t threads) {
            new (self) RunControl();
            self->set_timeout(timeout);
            self->set_threads(threads);
          },
          nb::kw_only(), nb::arg("timeout") = nb::none(), nb::arg("threads") = 0)
      .def("cancel", &RunControl::cancel,
           "Makes every run under way with these options, and every later one, raise CancelledError, until reset().")
      .def("reset", &RunControl::reset, "Takes cancel() back.")
      .def_prop_rw(
          "terminate", &RunControl::cancelled,
          [](RunControl& self, bool value) { value ? self.cancel() : self.reset(); },
          "True after cancel(); setting it cancels or resets.")
      .def_prop_rw("timeout", &RunControl::timeout, &RunControl::set_timeout, nb::arg("value").none(),
                   "Seconds, or None.")
      .def_prop_rw("threads", &RunControl::threads, &RunControl::set_threads);

  nb::class_<SessionOptions>(m, "NativeOptions", "Options of a load, as tenon.h has them.")
      .def(nb::init<>())
      .def(
          "set", [](SessionOptions& self, const std::string& name, const std::string& value) { self.set(name, value); },
          nb::arg("name"), nb::arg("value"))
      .def(
          "dim", [](SessionOptions& self, const std::string& symbol, int64_t size) { self.dim(symbol, size); },
          nb::arg("symbol"), nb::arg("size"))
      .def(
          "provider",
          [](SessionOptions& self, const std::string& id,
             const std::vector<std::pair<std::string, std::string>>& options) { self.provider(id, options); },
          nb::arg("id"), nb::arg("options") = std::vector<std::pair<std::string, std::string>>())
      .def_static("describe_json", &SessionOptions::describe_json);
}

}  // namespace tenon::python
