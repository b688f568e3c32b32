// SPDX-License-Identifier: Apache-2.0
// Checks of compile and execute.
#include <algorithm>
#include <thread>

#include "checks.hpp"
#include "state.hpp"

namespace tenon::conform {

namespace {

/// CPU time that one call of fn may take without a poll: ten times what the rule says, for slow machines.
constexpr uint64_t kLongestNs = 100'000'000;

/// Runs and reports what is not TENON_OK.
Outcome run_well(Reporter& report, const Compiled& compiled, const Case& c, const RunSettings& settings) {
  Outcome out = compiled.run(c.inputs, settings);
  const bool reported = out.late && out.code == TENON_DEADLINE;  // as a signal that was not reached
  if (out.ran && out.code != TENON_OK && !reported) {
    report.fail(8, "a run of ", compiled.name(), " failed with code ", out.code, ": ", out.text);
  }
  return out;
}

/// One worker, indices in one order: what differs then is not the matter of check_threads.
RunSettings one_worker() {
  RunSettings settings;
  settings.workers = 1;
  return settings;
}

void check_execute_of(Reporter& report, const Compiled& compiled, const Case& c) {
  RunSettings settings = one_worker();
  const Outcome first = run_well(report, compiled, c, settings);
  if (!first.ran || first.code != TENON_OK) return;
  settings.fill = 0x00;
  settings.guard = Guard::page;  // a read past an end is a crash from here on
  const Outcome second = run_well(report, compiled, c, settings);
  if (!second.ran || second.code != TENON_OK) return;
  const std::string wrong = difference(first.outputs, second.outputs);
  if (!wrong.empty()) {
    report.fail(8, "two runs of ", compiled.name(),
                ", outputs and workspace filled with 0xA5 and with 0, differ: ", wrong,
                "; outputs are not written as a whole, or workspace is read before it is written");
  }
}

}  // namespace

void check_execute(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    size_t ran = 0;
    size_t declined = 0;
    const std::vector<Case> cases = all_cases(provider);
    for (const Claimed& claimed : claims_of(provider, cases)) {
      Session session(provider, claimed.what->graph, {});
      if (!session.created()) return;
      const Compiled compiled(session, *claimed.what, claimed.claim, nullptr);
      if (compiled.state() == Compiled::State::declined) ++declined;
      if (compiled.state() != Compiled::State::ready) continue;
      check_execute_of(report, compiled, *claimed.what);
      ++ran;
    }
    if (ran + declined == 0)
      report.skip("nothing that conform offers is claimed");
    else
      report.note(ran, " claims were run, ", declined, " were declined by compile");
  });
}

void check_threads(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    std::vector<Case> cases = large_cases();
    for (Case& c : all_cases(provider)) cases.push_back(std::move(c));
    size_t ran = 0;
    for_each_compiled(provider, cases, [&](const Compiled& compiled, const Case& c) {
      RunSettings settings;
      settings.workers = 1;
      const Outcome first = run_well(report, compiled, c, settings);
      if (!first.ran || first.code != TENON_OK) return;
      ++ran;
      uint64_t longest = first.longest_ns;
      for (uint32_t workers = 1; workers <= 4; ++workers) {
        settings.workers = workers;
        settings.seed = 10 + workers;
        const Outcome other = run_well(report, compiled, c, settings);
        longest = std::min(longest, other.longest_ns);
        const std::string wrong = other.code == TENON_OK ? difference(first.outputs, other.outputs) : "";
        if (!wrong.empty()) {
          report.fail(12, "runs of ", compiled.name(), " with 1 and with ", workers,
                      " workers, indices in another order, differ: ", wrong);
        }
      }
      if (longest > kLongestNs) {
        report.fail(12, "a run of ", compiled.name(), " computes for ", longest / 1000000,
                    " ms in one call of parallel_for's function without should_stop");
      }
    });
    if (ran == 0) report.skip("nothing that conform offers is claimed");
  });
}

void check_concurrency(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    size_t ran = 0;
    for_each_compiled(provider, all_cases(provider), [&](const Compiled& compiled, const Case& c) {
      const Outcome alone = run_well(report, compiled, c, one_worker());
      if (!alone.ran || alone.code != TENON_OK) return;
      ++ran;
      const uint32_t most = compiled.info().max_concurrent_runs;
      std::vector<std::thread> threads;
      for (uint32_t t = 0; t < (most == 0 ? 4 : std::min(most, 4u)); ++t) {
        threads.emplace_back([&, t] {
          for (uint32_t i = 0; i < 3; ++i) {
            RunSettings settings = one_worker();
            settings.fill = static_cast<uint8_t>(16 * t + i);
            const Outcome out = run_well(report, compiled, c, settings);
            const std::string wrong = out.code == TENON_OK ? difference(alone.outputs, out.outputs) : "";
            if (!wrong.empty()) {
              report.fail(8, "a run of ", compiled.name(), " differs when others run at the same time: ", wrong);
            }
          }
        });
      }
      for (std::thread& t : threads) t.join();
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        uint32_t n = 0;
        StatusBox status;
        const int32_t code =
            provider.table().devices(provider.self(), nullptr, sizeof(tenon_device), 0, &n, status.get());
        if (code != TENON_OK || n != provider.devices().size()) {
          report.fail(16, "devices, called by several threads at once, returned code ", code, " and ", n, " devices");
        }
      });
    }
    for (std::thread& t : threads) t.join();
    if (ran == 0) report.skip("nothing that conform offers is claimed");
  });
}

namespace {

/// Runs that are told to stop before their first index, and after some.
void check_cancel_of(Reporter& report, const Compiled& compiled, const Case& c) {
  const Outcome before = run_well(report, compiled, c, {});
  if (!before.ran || before.code != TENON_OK) return;
  for (const int32_t code : {TENON_CANCELLED, TENON_DEADLINE}) {
    for (const uint64_t after : {uint64_t{0}, uint64_t{1}, uint64_t{3}}) {
      RunSettings settings;
      settings.stop_code = code;
      settings.stop_after = after;
      const Outcome out = compiled.run(c.inputs, settings);
      const std::string where = plugin::cat("a run of ", compiled.name(), " that is told to stop (code ", code,
                                            ") after ", after, " indices ");
      if (out.ran && out.stopped != 0 && out.code != code) {
        report.fail(12, where, "returned code ", out.code, out.code == TENON_OK ? ", as if it were complete" : "");
      }
      if (out.ran && out.stopped == 0 && out.code != TENON_OK) {
        report.fail(12, where, "returned code ", out.code, " though it had not asked");
      }
    }
  }
  const Outcome again = run_well(report, compiled, c, {});
  const std::string wrong = again.code == TENON_OK ? difference(before.outputs, again.outputs) : "";
  if (!wrong.empty()) report.fail(12, "after cancelled runs, ", compiled.name(), " gives another result: ", wrong);
}

}  // namespace

void check_cancel(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    size_t ran = 0;
    for_each_compiled(provider, large_cases(), [&](const Compiled& compiled, const Case& c) {
      check_cancel_of(report, compiled, c);
      ++ran;
    });
    if (ran == 0) report.skip("none of the large cases is claimed");
  });
}

void check_weights(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    std::vector<Case> cases = large_cases();
    for (Case& c : all_cases(provider)) cases.push_back(std::move(c));
    size_t packed = 0;
    for (const Claimed& claimed : claims_of(provider, cases)) {
      const Case& c = *claimed.what;
      PackStore store;
      Session first_session(provider, c.graph, {});
      Session second_session(provider, c.graph, {});
      if (!first_session.created() || !second_session.created()) return;
      const Compiled first(first_session, c, claimed.claim, &store);
      if (first.state() != Compiled::State::ready || store.empty()) continue;
      // The second session never prepacks: it gets what the first one made.
      const Compiled second(second_session, c, claimed.claim, &store);
      if (second.state() != Compiled::State::ready) continue;
      const Outcome a = run_well(report, first, c, one_worker());
      const Outcome b = run_well(report, second, c, one_worker());
      ++packed;
      if (a.code != TENON_OK || b.code != TENON_OK) continue;
      const std::string wrong = difference(a.outputs, b.outputs);
      if (!wrong.empty()) {
        report.fail(11, "with weights packed by another session, ", first.name(), " gives another result: ", wrong);
      }
    }
    if (packed == 0)
      report.skip("no claim of what conform offers asks for packed weights");
    else
      report.note(packed, " claims share packed weights");
  });
}

void check_lifetime(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    const std::vector<Case> cases = all_cases(provider);
    const auto round = [&] {
      for_each_compiled(provider, cases, [&](const Compiled& compiled, const Case& c) { compiled.run(c.inputs, {}); });
      for (int i = 0; i < 10; ++i) Session session(provider, GraphSpec{}, {});
    };
    round();  // what lives as long as the process is made now
    const size_t blocks = provider.host().live_blocks();
    const ProcessState before = process_state();
    round();
    const ProcessState after = process_state();
    if (provider.host().live_blocks() > blocks) {
      report.fail(16, provider.host().live_blocks() - blocks,
                  " blocks from alloc were not freed when sessions and execs were destroyed");
    }
    compare_files(before, after, report);
    if (after.threads > before.threads) {
      report.fail(16, after.threads - before.threads, " threads stay when sessions and execs are destroyed");
    }
  });
}

}  // namespace tenon::conform
