// SPDX-License-Identifier: Apache-2.0
// Checks of device memory, layouts, strides and timelines.
#include <algorithm>
#include <cstring>

#include "checks.hpp"

namespace tenon::conform {

namespace {

constexpr uint64_t kMillisecond = 1'000'000;  // ns

Tensor pattern(uint32_t dtype, std::vector<int64_t> dims) {
  Tensor out{dtype, std::move(dims), {}};
  out.bytes.resize(dense_bytes(dtype, out.dims));
  for (size_t i = 0; i < out.bytes.size(); ++i) out.bytes[i] = static_cast<std::byte>(i * 7 + i / 251 + 1);
  return out;
}

/// Copies a tensor there and back.
void round_trip(Reporter& report, const Provider& provider, uint32_t device, const tenon_value_rule& rule,
                const Tensor& tensor, const std::string& where) {
  report.step("a copy to ", where, " and back");
  const uint32_t queues = std::max(1u, provider.devices()[device].nqueues);
  for (uint32_t queue = 0; queue < queues; ++queue) {
    Placed placed(provider, device, tensor.dtype, tensor.dims, Placement{rule, Guard::bytes, 0, false});
    Tensor back;
    if (!placed.made() || !placed.write(tensor, queue) || !placed.read(back, queue)) return;
    if (back.bytes != tensor.bytes) {
      report.fail(9, "a ", plugin::dtype_name(tensor.dtype), plugin::dims_text(tensor.dims), " tensor copied to ",
                  where, " and back on queue ", queue, " is not what it was");
    }
  }
}

void check_map(Reporter& report, const Provider& provider, uint32_t device, uint32_t kind, uint64_t align) {
  const tenon_mem_desc desc{sizeof(tenon_mem_desc), device, kind, 0, 1000, align};
  tenon_mem* memory = nullptr;
  StatusBox status;
  const tenon_provider& table = provider.table();
  if (status.check(report, table.mem_alloc(provider.self(), &desc, &memory, status.get()), "mem_alloc") != TENON_OK) {
    return;
  }
  for (int round = 0; round < 2; ++round) {
    void* address = nullptr;
    const int32_t code =
        status.check(report, table.mem_map(provider.self(), memory, &address, status.get()), "mem_map");
    if (code != TENON_OK || address == nullptr) {
      report.fail(9, "mem_map of a mappable memory returned code ", code, ": ", status.text());
      break;
    }
    if (round == 0)
      std::memset(address, 0x42, 1000);
    else if (static_cast<unsigned char*>(address)[999] != 0x42) {
      report.fail(9, "what was written to mapped memory is gone when it is mapped again");
    }
    status.check(report, table.mem_unmap(provider.self(), memory, status.get()), "mem_unmap");
  }
  table.mem_free(provider.self(), memory);
}

void check_kind(Reporter& report, const Provider& provider, const tenon_device& device, uint32_t k) {
  const tenon_memory_kind kind = provider.memory_kinds(device)[k];
  tenon_value_rule rule{};
  rule.memory_mask = 1u << k;
  const std::string where = plugin::cat("memory '", plugin::view(kind.name), "'");
  round_trip(report, provider, device.id, rule, pattern(TENON_FLOAT32, {3, 5}), where);
  round_trip(report, provider, device.id, rule, pattern(TENON_INT64, {70}), where);
  round_trip(report, provider, device.id, rule, pattern(TENON_UINT8, {1, 2, 33}), where);
  round_trip(report, provider, device.id, rule, pattern(TENON_FLOAT32, {4, 0}), where);
  round_trip(report, provider, device.id, rule, pattern(TENON_FLOAT32, {}), where);
  if ((kind.flags & TENON_MEMORY_HOST_MAPPABLE) != 0) check_map(report, provider, device.id, k, kind.alignment);
}

}  // namespace

void check_memory(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    size_t looked = 0;
    for (const tenon_device& device : provider.devices()) {
      for (uint32_t k = 1; k < device.nmemory_kinds; ++k, ++looked) check_kind(report, provider, device, k);
    }
    // Layouts are known by the claims that name them.
    const std::vector<Case> cases = all_cases(provider);
    for (const Claimed& c : claims_of(provider, cases)) {
      for (const tenon_value_rule& rule : c.claim.rules) {
        const std::vector<int64_t>& dims = c.what->dims[rule.value];
        if (rule.layout.kind == TENON_LAYOUT_DENSE || std::count(dims.begin(), dims.end(), TENON_UNKNOWN_DIM) != 0) {
          continue;
        }
        round_trip(report, provider, c.claim.device, rule, pattern(c.what->graph.values[rule.value].dtype, dims),
                   plugin::cat("layout ", rule.layout.kind, "/", rule.layout.axis, "/", rule.layout.block, "/",
                               rule.layout.id));
        ++looked;
      }
    }
    if (looked == 0) report.skip("the provider has neither memory nor layouts of its own");
  });
}

void check_strides(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    size_t looked = 0;
    for_each_compiled(provider, all_cases(provider), [&](const Compiled& compiled, const Case& c) {
      if (!compiled.any_rule(TENON_RULE_STRIDED)) return;
      ++looked;
      RunSettings settings;
      settings.workers = 1;
      const Outcome dense = compiled.run(c.inputs, settings);
      settings.strided = true;
      const Outcome strided = compiled.run(c.inputs, settings);
      if (!dense.ran || !strided.ran || dense.code != TENON_OK) return;
      if (strided.code != TENON_OK) {
        return report.fail(9, compiled.name(), " takes strided tensors and fails on them with code ", strided.code,
                           ": ", strided.text);
      }
      const std::string wrong = difference(dense.outputs, strided.outputs);
      if (!wrong.empty()) report.fail(9, compiled.name(), " gives another result on strided tensors: ", wrong);
    });
    if (looked == 0) report.skip("no claim takes strided tensors");
  });
}

namespace {

int32_t wait_for(const Provider& provider, const Moment& moment, uint64_t value, uint64_t timeout_ns) {
  StatusBox status;
  return status.check(provider.report(),
                      provider.table().sync_wait(provider.self(), moment.point().sync, value, timeout_ns, status.get()),
                      "sync_wait");
}

void signal(const Provider& provider, const Moment& moment, uint64_t value) {
  StatusBox status;
  const int32_t code = status.check(
      provider.report(), provider.table().sync_signal(provider.self(), moment.point().sync, value, status.get()),
      "sync_signal");
  if (code != TENON_OK) provider.report().fail(10, "sync_signal returned code ", code, ": ", status.text());
}

void check_values(Reporter& report, const Provider& provider, uint32_t device) {
  report.step("timelines of device ", device);
  const Moment moment(provider, device);
  if (!moment.made()) return;
  if (wait_for(provider, moment, 0, kMillisecond) != TENON_OK) report.fail(10, "a new timeline has not reached 0");
  if (const int32_t code = wait_for(provider, moment, 1, kMillisecond); code != TENON_DEADLINE) {
    report.fail(10, "sync_wait for 1 ms on a timeline at 0 returned code ", code, ", expected 17 (TENON_DEADLINE)");
  }
  signal(provider, moment, 5);
  for (const uint64_t value : {3u, 5u}) {
    if (wait_for(provider, moment, value, kMillisecond) != TENON_OK) {
      report.fail(10, "a timeline that was signalled to 5 has not reached ", value);
    }
  }
  if (wait_for(provider, moment, 6, kMillisecond) == TENON_OK) report.fail(10, "a timeline at 5 has reached 6");
}

/// Device memory that a copy fills, and the timelines that it waits for and signals.
class GatedCopy {
 public:
  GatedCopy(const Provider& provider, uint32_t device, uint32_t kind)
      : provider_(provider), done_(provider, device), placed_(provider, device, TENON_FLOAT32, {8}, in_memory(kind)) {}
  bool made() const { return done_.made() && placed_.made(); }
  const Moment& done() const { return done_; }
  bool start(const tenon_point& wait, uint32_t device, uint32_t queue) {
    if (!placed_.write(Tensor{TENON_FLOAT32, {8}, std::vector<std::byte>(32)}, queue)) return false;
    const tenon_tensor from = host_view(pattern_);
    tenon_copy copy{};
    copy.size = sizeof(copy);
    copy.device = device;
    copy.src = &from;
    copy.dst = &placed_.tensor();
    copy.queue = queue;
    copy.waits = &wait;
    copy.nwaits = 1;
    copy.signals = &done_.point();
    copy.nsignals = 1;
    copy.point_stride = sizeof(tenon_point);
    StatusBox status;
    return status.check(provider_.report(), provider_.table().copy(provider_.self(), &copy, status.get()), "copy") ==
           TENON_OK;
  }
  bool arrived(uint32_t queue) const {
    Tensor back;
    return placed_.read(back, queue) && back.bytes == pattern_.bytes;
  }

 private:
  static Placement in_memory(uint32_t kind) {
    Placement out;
    out.rule.memory_mask = 1u << kind;
    return out;
  }
  const Provider& provider_;
  Moment done_;
  Placed placed_;
  Tensor pattern_ = pattern(TENON_FLOAT32, {8});
};

/// A copy must not begin before what it waits for is reached.
void check_copy_order(Reporter& report, const Provider& provider, const tenon_device& device) {
  for (uint32_t kind = 1; kind < device.nmemory_kinds; ++kind) {
    for (uint32_t queue = 0; queue < std::max(1u, device.nqueues); ++queue) {
      const Moment gate(provider, device.id);
      GatedCopy copy(provider, device.id, kind);
      if (!gate.made() || !copy.made()) return;
      if (!copy.start(gate.point(), device.id, queue)) {
        return report.fail(10, "a copy that is to wait for an own timeline fails");
      }
      if (copy.done().wait(30 * kMillisecond) == TENON_OK) {
        report.fail(10, "a copy on queue ", queue, " reached its signal before the point that it waits for");
      }
      signal(provider, gate, 1);
      if (const int32_t code = copy.done().wait(10'000 * kMillisecond); code != TENON_OK) {
        report.fail(10, "a copy that waited ends with code ", code);
      } else if (!copy.arrived(queue)) {
        report.fail(10, "a copy that waited has not brought what it was to copy");
      }
    }
  }
}

/// A run must not begin before all that it waits for is reached.
void check_order(Reporter& report, const Provider& provider, const Compiled& compiled, const Case& c) {
  const uint32_t device = 0;
  for (uint32_t queue = 0; queue < std::max(1u, provider.devices()[device].nqueues); ++queue) {
    RunSettings settings;
    settings.queue = queue;
    const Outcome plain = compiled.run(c.inputs, settings);
    if (!plain.ran || plain.code != TENON_OK) return;
    const Moment gate(provider, device), second(provider, device);
    if (!gate.made() || !second.made()) return;
    settings.waits = {gate.point(), second.point()};
    Flight flight(compiled, c.inputs, settings);
    if (!flight.start()) {
      report.fail(10, "execute of ", compiled.name(), " that is to wait for an own timeline fails");
      signal(provider, gate, 1);
      signal(provider, second, 1);
      return;
    }
    if (flight.done()->wait(30 * kMillisecond) == TENON_OK) {
      report.fail(10, "a run of ", compiled.name(), " on queue ", queue,
                  " reached its signal before the point that it waits for");
    }
    signal(provider, gate, 1);
    if (flight.done()->wait(5 * kMillisecond) == TENON_OK) {
      report.fail(10, "a run of ", compiled.name(), " on queue ", queue, " reached its signal before the second point",
                  " that it waits for");
    }
    signal(provider, second, 1);
    const Outcome waited = flight.finish();
    if (waited.code != TENON_OK) {
      report.fail(10, "a run of ", compiled.name(), " that waited failed with code ", waited.code, ": ", waited.text);
    } else if (const std::string wrong = difference(plain.outputs, waited.outputs); !wrong.empty()) {
      report.fail(10, "a run of ", compiled.name(), " that waited gives another result: ", wrong);
    }
  }
}

}  // namespace

void check_timelines(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    if (!provider.is_async()) return report.skip("the provider is complete on return (no TENON_FEATURE_ASYNC)");
    for (const tenon_device& device : provider.devices()) {
      check_values(report, provider, device.id);
      check_copy_order(report, provider, device);
    }
    for_each_compiled(provider, all_cases(provider), [&](const Compiled& compiled, const Case& c) {
      // A run whose outputs' sizes the data tells may wait inside of execute; the gate would hold it for ever.
      const auto open = [&](uint32_t id) {
        const std::vector<int64_t>& dims = c.dims[compiled.region().values[id].origin];
        return std::count(dims.begin(), dims.end(), TENON_UNKNOWN_DIM) != 0;
      };
      const std::vector<uint32_t>& outputs = compiled.region().outputs;
      if (std::none_of(outputs.begin(), outputs.end(), open)) check_order(report, provider, compiled, c);
    });
  });
}

namespace {

constexpr int kMostRuns = 10;  // until the fault has to show

/// What has to follow a run that failed late: the same code for whoever waits, and a session that goes on.
void check_after_fault(Reporter& report, const Provider& provider, const Compiled& compiled, const Case& c,
                       const Flight& failed, const Outcome& fault, const std::vector<Tensor>& expected) {
  if (fault.code == TENON_DEADLINE) report.fail(10, "a late failure has the code of a wait that timed out");
  if (fault.text.empty()) report.fail(10, "a late failure has no text");
  if (const int32_t again = failed.done()->wait(kMillisecond); again != fault.code) {
    report.fail(10, "a poisoned timeline gave code ", fault.code, " and then ", again);
  }
  RunSettings settings;
  settings.waits = {failed.done()->point()};
  const Outcome dependent = compiled.run(c.inputs, settings);
  if (dependent.code != fault.code) {
    report.fail(10, "a run that waits for a point poisoned with code ", fault.code, " ends with code ", dependent.code);
  }
  for (uint32_t kind = 1; kind < std::min(2u, provider.devices()[0].nmemory_kinds); ++kind) {
    GatedCopy copy(provider, 0, kind);
    if (!copy.made() || !copy.start(failed.done()->point(), 0, 0)) break;  // it may fail at once
    if (const int32_t code = copy.done().wait(10'000 * kMillisecond); code != fault.code) {
      report.fail(10, "a copy that waits for a point poisoned with code ", fault.code, " ends with code ", code);
    }
  }
  const Outcome next = compiled.run(c.inputs, {});
  if (next.code != TENON_OK) {
    report.fail(10, "after a late failure the session's next run fails with code ", next.code, ": ", next.text);
  } else if (const std::string wrong = difference(expected, next.outputs); !expected.empty() && !wrong.empty()) {
    report.fail(10, "after a late failure the session's next run gives another result: ", wrong);
  }
}

}  // namespace

void check_faults(Reporter& report, const Manifest& manifest) {
  with_provider(report, manifest, [&](const Provider& provider) {
    if (manifest.fault_option.empty()) return report.skip("no --fault was given");
    const std::vector<Case> cases = common_cases();
    const std::vector<Claimed> claims = claims_of(provider, cases);
    if (claims.empty()) return report.skip("nothing that conform offers is claimed");
    const Case& c = *claims[0].what;
    Session session(provider, c.graph, {0, 0, {{manifest.fault_option, manifest.fault_value}}});
    if (!session.created()) return report.fail(10, "no session with the option of --fault: ", session.error());
    const Compiled compiled(session, c, claims[0].claim, nullptr);
    if (compiled.state() != Compiled::State::ready) return;
    std::vector<Tensor> expected;
    for (int i = 0; i < kMostRuns; ++i) {
      Flight flight(compiled, c.inputs, {});
      flight.start();
      const Outcome out = flight.finish();
      if (out.late) return check_after_fault(report, provider, compiled, c, flight, out, expected);
      if (out.code != TENON_OK) return report.fail(10, "a run failed at once with code ", out.code, ": ", out.text);
      expected = out.outputs;
    }
    report.fail(10, "none of ", kMostRuns, " runs failed late, though --fault was given");
  });
}

}  // namespace tenon::conform
