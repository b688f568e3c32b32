// SPDX-License-Identifier: Apache-2.0
#include <tenon/report.hpp>

#include "session.hpp"

namespace tenon::python {

void register_report(nb::module_& m) {
  m.def(
      "report_html",
      [](const PySession& session, const std::string& title) { return report_html(session.session(), title); },
      nb::arg("session"), nb::arg("title"), nb::call_guard<nb::gil_scoped_release>(),
      "The page of a session as text, see sdk/report.");
}

}  // namespace tenon::python
