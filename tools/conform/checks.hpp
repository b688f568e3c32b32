// SPDX-License-Identifier: Apache-2.0
// The checks, each a function that runs in a process of its own with a freshly loaded provider.
#ifndef TOOLS_CONFORM_CHECKS_HPP_
#define TOOLS_CONFORM_CHECKS_HPP_

#include <string>
#include <string_view>
#include <vector>

#include "cases.hpp"
#include "compiled.hpp"
#include "provider.hpp"

namespace tenon::conform {

struct Check {
  std::string_view name;
  uint32_t rule;                // that a crash, a hang or an exception in it breaks
  std::vector<uint32_t> rules;  // that it can find broken
  std::string_view text;        // one line for --list
  /// `manifest` has a variant for this machine.
  void (*run)(Reporter& report, const Manifest& manifest);
};
const std::vector<Check>& checks();

// checks_open.cc: what happens before a session exists
void check_exports(Reporter& report, const Manifest& manifest);
void check_needs(Reporter& report, const Manifest& manifest);
void check_negotiation(Reporter& report, const Manifest& manifest);
void check_newer_host(Reporter& report, const Manifest& manifest);
void check_older_host(Reporter& report, const Manifest& manifest);
void check_table(Reporter& report, const Manifest& manifest);

// checks_lists.cc: what a provider says about itself
void check_devices(Reporter& report, const Manifest& manifest);
void check_options(Reporter& report, const Manifest& manifest);
void check_schemas(Reporter& report, const Manifest& manifest);

// checks_query.cc: claims and refusals
void check_query(Reporter& report, const Manifest& manifest);
void check_forms(Reporter& report, const Manifest& manifest);
void check_answers(Reporter& report, const Manifest& manifest);

// checks_run.cc: compile and execute
void check_execute(Reporter& report, const Manifest& manifest);
void check_threads(Reporter& report, const Manifest& manifest);
void check_concurrency(Reporter& report, const Manifest& manifest);
void check_cancel(Reporter& report, const Manifest& manifest);
void check_weights(Reporter& report, const Manifest& manifest);
void check_lifetime(Reporter& report, const Manifest& manifest);

// checks_device.cc: memory, layouts, timelines
void check_memory(Reporter& report, const Manifest& manifest);
void check_strides(Reporter& report, const Manifest& manifest);
void check_timelines(Reporter& report, const Manifest& manifest);
void check_faults(Reporter& report, const Manifest& manifest);

/// Opens the provider, runs `body` with it and looks at what of the process was changed meanwhile [R12].
template <class F>
void with_provider(Reporter& report, const Manifest& manifest, F&& body);

/// A claim that is well formed, with the case it was made for.
struct Claimed {
  const Case* what;
  ClaimCopy claim;
};
/// What the provider claims of `cases`, in a session on device 0. Malformed claims are left out: check_query's matter.
std::vector<Claimed> claims_of(const Provider& provider, const std::vector<Case>& cases);

/// Compiles each claim in a session of its own and calls body(compiled) when it was not declined.
template <class F>
void for_each_compiled(const Provider& provider, const std::vector<Case>& cases, F&& body) {
  for (const Claimed& c : claims_of(provider, cases)) {
    Session session(provider, c.what->graph, {});
    if (!session.created()) return;
    const Compiled compiled(session, *c.what, c.claim, nullptr);
    if (compiled.state() == Compiled::State::ready) body(compiled, *c.what);
  }
}

/// Whether two runs gave the same; tells the first difference.
std::string difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b);

void open_and_compare(Reporter& report, const Manifest& manifest, void* body,
                      void (*call)(void* body, const Provider& provider));

template <class F>
void with_provider(Reporter& report, const Manifest& manifest, F&& body) {
  open_and_compare(report, manifest, &body,
                   [](void* f, const Provider& provider) { (*static_cast<std::remove_reference_t<F>*>(f))(provider); });
}

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_CHECKS_HPP_
