// SPDX-License-Identifier: Apache-2.0
#include "checks.hpp"

#include <algorithm>
#include <cstring>

#include "state.hpp"

namespace tenon::conform {

const std::vector<Check>& checks() {
  static const std::vector<Check> all = {
      {"exports", 1, {1}, "the library exports the entry alone and does not need Tenon's", check_exports},
      {"needs", 5, {5}, "the libraries that the manifest needs open on this machine", check_needs},
      {"negotiation", 2, {2, 5, 13}, "ranges that do not meet are refused with TENON_VERSION", check_negotiation},
      {"newer host", 4, {4}, "a host with more minors and longer records is accepted", check_newer_host},
      {"older host", 2, {2}, "nothing past the size of the host's table is called", check_older_host},
      {"table", 2, {2, 5}, "required functions, pairs of functions, info as in the manifest", check_table},
      {"devices", 1, {1, 2, 9, 10}, "device records, their capacity and stride, memory kinds", check_devices},
      {"options", 14, {14}, "options describe themselves, and take what they say they take", check_options},
      {"schemas", 15, {15}, "custom operators have sane schemas and an infer that answers", check_schemas},
      {"query",
       6,
       {1, 2, 6, 9},
       "claims are well formed and repeatable; the rest is refused with a reason",
       check_query},
      {"forms", 17, {17}, "operators and forms that nobody knows are refused", check_forms},
      {"answers", 17, {17}, "Add, Mul and Relu give the right values in every type that is claimed", check_answers},
      {"execute", 8, {7, 8, 9, 11}, "every claim compiles and runs; guards, dims, all outputs written", check_execute},
      {"threads", 12, {12}, "same bits with 1 to 4 workers and any order of indices", check_threads},
      {"concurrency", 8, {8, 16}, "one exec runs on several threads at once", check_concurrency},
      {"cancel", 12, {12}, "a run that is told to stop says so, and the next one is right", check_cancel},
      {"weights", 11, {11}, "packed weights can be shared and the originals taken away", check_weights},
      {"lifetime", 16, {16}, "what a session took is given back", check_lifetime},
      {"memory", 9, {9}, "device memory, maps and layouts hold what is copied in", check_memory},
      {"strides", 9, {9}, "strided tensors give what dense ones do", check_strides},
      {"timelines", 10, {10}, "timelines wait, time out and order work", check_timelines},
      {"faults",
       10,
       {10},
       "a run that fails late poisons its timeline, and the session goes on (--fault)",
       check_faults},
  };
  return all;
}

void open_and_compare(Reporter& report, const Manifest& manifest, void* body,
                      void (*call)(void* body, const Provider& provider)) {
  const ProcessState before = process_state();
  // Never destroyed: a provider may log, or free, until the process ends.
  Host* host = new Host(report);
  const Provider provider(report, *host, manifest);
  if (!provider.opened()) return;
  if (provider.devices().empty())
    report.skip("the provider found no device here");
  else
    call(body, provider);
  report.step("comparing the state of the process");
  const ProcessState after = process_state();
  compare_states(before, after, report);
  if (!provider.has_own_threads() && after.threads > before.threads) {
    report.fail(12, after.threads - before.threads, " threads were started without TENON_FEATURE_OWN_THREADS");
  }
}

std::vector<Claimed> claims_of(const Provider& provider, const std::vector<Case>& cases) {
  std::vector<Claimed> out;
  for (const Case& c : cases) {
    Session session(provider, c.graph, {});
    if (!session.created()) return out;
    tenon_sink sink = session.query(0);
    for (ClaimCopy& claim : sink.claims) {
      if (!claim_error(c.graph, claim, session.device())) out.push_back({&c, std::move(claim)});
    }
  }
  return out;
}

std::string difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return plugin::cat(a.size(), " and ", b.size(), " outputs");
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].dims != b[i].dims) {
      return plugin::cat("output ", i, " has dims ", plugin::dims_text(a[i].dims), " and ",
                         plugin::dims_text(b[i].dims));
    }
    const auto at = std::mismatch(a[i].bytes.begin(), a[i].bytes.end(), b[i].bytes.begin(), b[i].bytes.end());
    if (at.first != a[i].bytes.end()) {
      return plugin::cat("output ", i, " differs from byte ", at.first - a[i].bytes.begin(), " on");
    }
  }
  return {};
}

}  // namespace tenon::conform
