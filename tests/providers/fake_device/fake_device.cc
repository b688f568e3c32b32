// SPDX-License-Identifier: Apache-2.0
// A provider for the tests that does what a device does, in software: memory without host addresses, two queues that
// finish late, timelines that can be poisoned, layouts of its own, packed weights in its memory, a custom operator.
#include <tenon/provider.hpp>

#include <memory>
#include <span>

#include "device.hpp"
#include "exec.hpp"
#include "storage.hpp"

namespace tenon::fake_device {

using plugin::Shapes;
using plugin::str;

namespace {

constexpr uint64_t kCopyDelayUs = 50;

std::vector<tenon_memory_kind> make_memory_kinds() {
  std::vector<tenon_memory_kind> out(3);
  out[kHostMemory] = plugin::host_memory_kind();
  out[kDeviceMemory] = {str("device"), 0, 0, kAlignment, uint64_t{1} << 32};
  out[kMappedMemory] = {str("mapped"), TENON_MEMORY_HOST_MAPPABLE, 0, kAlignment, uint64_t{1} << 32};
  return out;
}

tenon_device make_device(std::span<const tenon_memory_kind> kinds) {
  tenon_device d{};
  d.size = sizeof(d);
  d.name = str("fake device");
  d.kind = TENON_DEVICE_OTHER;
  d.flags = TENON_DEVICE_SOFTWARE | TENON_DEVICE_ASYNC;
  d.uuid[0] = 0xFA;
  d.uuid[1] = 0x5E;
  d.driver = str("fake 1.0");
  d.bytes = uint64_t{1} << 32;
  d.max_allocation = uint64_t{1} << 32;
  d.import_kinds = kImportKinds;
  d.nqueues = kQueues;
  d.nmemory_kinds = static_cast<uint32_t>(kinds.size());
  d.memory_kinds = kinds.data();
  d.memory_kind_stride = sizeof(tenon_memory_kind);
  return d;
}

tenon_option_desc int_option(const char* name, const char* value, double max, const char* text) {
  tenon_option_desc o{};
  o.name = str(name);
  o.type = TENON_OPTION_INT;
  o.default_value = str(value);
  o.max = max;
  o.text = str(text);
  return o;
}

std::vector<tenon_option_desc> make_options() {
  static const tenon_string layouts[] = {str("dense"), str("blocked"), str("opaque"), str("all")};
  std::vector<tenon_option_desc> out;
  out.push_back(int_option("delay_us", "200", 1e7, "How late each node completes, in microseconds"));
  out.push_back(int_option("poison_after", "0", 1e9, "Which execute of the session fails late; 0 for none"));
  out.push_back(int_option("jitter_us", "0", 1e7, "How much later than that each call completes, drawn from 0 on"));
  out.push_back(int_option("seed", "0", 1e9, "Of what is drawn"));
  out.push_back(int_option("hold_until", "0", 1e9, "The first execute lasts until so many have begun; 0 for none"));
  out.push_back(int_option("est_ns", "0", 1e12, "Estimated time of a node in nanoseconds; 0 for a guess"));
  tenon_option_desc choice{};
  choice.name = str("layouts");
  choice.type = TENON_OPTION_CHOICE;
  choice.flags = TENON_OPTION_AFFECTS_CACHE;
  choice.default_value = str("all");
  choice.choices = layouts;
  choice.nchoices = 4;
  choice.text = str("In which layouts elementwise nodes are claimed");
  out.push_back(choice);
  tenon_option_desc decline{};
  decline.name = str("decline_op");
  decline.type = TENON_OPTION_STRING;
  decline.text = str("compile declines regions that hold this operator");
  out.push_back(decline);
  tenon_option_desc log{};
  log.name = str("log");
  log.type = TENON_OPTION_STRING;
  log.text =
      str("A file to which each call adds a line: its queue, how many points it waits for, and how many others made");
  out.push_back(log);
  return out;
}

}  // namespace

class FakeDevice {
 public:
  static constexpr plugin::Identity identity{.id = FAKE_ID,
                                             .version = "0.1.0",
                                             .features = TENON_FEATURE_ASYNC | TENON_FEATURE_OWN_THREADS,
                                             .build = "C++20, for tests"};

  explicit FakeDevice(const plugin::Host&) : kinds_(make_memory_kinds()), device_(make_device(kinds_)) {
    factor_.name = str("factor");
    factor_.type = TENON_ATTR_FLOAT;
    factor_.count = 1;
    factor_.f = kScale3Factor;
    for (tenon_schema& schema : schemas_) {
      schema.domain = str(kDomain);
      schema.since_version = 1;
      schema.min_inputs = schema.max_inputs = 1;
      schema.min_outputs = schema.max_outputs = 1;
    }
    schemas_[0].op = str(kScale3);
    schemas_[0].nattributes = 1;
    schemas_[0].attributes = &factor_;
    schemas_[0].attribute_stride = sizeof(factor_);
    schemas_[0].text = str("Y = factor * X, elementwise, float only");
    schemas_[1].op = str(kPositives);
    schemas_[1].text = str("Y = the elements of X greater than zero in their order, float only");
  }

  std::span<const tenon_device> devices() { return {&device_, 1}; }
  std::span<const tenon_option_desc> options() { return options_; }
  std::span<const tenon_schema> schemas() { return schemas_; }

  void infer(const plugin::Node& node, const Shapes& shapes) {
    const bool open = node.is(kDomain, kPositives);
    plugin::require(open || node.is(kDomain, kScale3), TENON_UNSUPPORTED, "no schema of ", node.domain(), ":",
                    node.op());
    const tenon_shape& x = shapes.inputs()[0];
    tenon_shape& y = shapes.outputs()[0];
    y.dtype = x.dtype;
    if (open)
      shapes.set(0, std::vector<int64_t>{TENON_UNKNOWN_DIM});
    else if (x.rank == TENON_UNKNOWN_RANK)
      y.rank = TENON_UNKNOWN_RANK;
    else
      shapes.set(0, shapes.dims(0));
  }

  std::unique_ptr<Session> create_session(plugin::SessionDesc desc) {
    return std::make_unique<Session>(std::move(desc));
  }

  tenon_mem* mem_alloc(const tenon_mem_desc& desc) {
    return hardware().memory.alloc(desc.memory_kind, desc.bytes, desc.align);
  }
  void mem_free(tenon_mem* mem) { hardware().memory.free(mem); }
  void* mem_map(tenon_mem* mem) { return hardware().memory.map(mem); }
  void mem_unmap(tenon_mem* mem) { hardware().memory.unmap(mem); }

  uint64_t layout_bytes(const tenon_layout& layout, uint32_t dtype, std::span<const int64_t> dims) {
    return storage_bytes(layout, dtype, dims);
  }
  void copy(const tenon_copy& copy) {
    const plugin::Records<const tenon_point> waits(copy.waits, copy.nwaits, copy.point_stride);
    const plugin::Records<const tenon_point> signals(copy.signals, copy.nsignals, copy.point_stride);
    run_on_queue({"copy", copy.queue, kCopyDelayUs}, waits, signals,
                 [src = Storage::of(*copy.src), dst = Storage::of(*copy.dst)] { copy_storage(src, dst); });
  }
  uint64_t copy_cost(const tenon_copy& copy) { return kCopyDelayUs * 1000 + copy.src->bytes; }

  tenon_sync* sync_create(uint32_t, uint32_t& kind) {
    kind = kTimelineKind;
    return new tenon_sync{std::make_shared<Timeline>()};
  }
  void sync_wait(tenon_sync* sync, uint64_t value, uint64_t timeout_ns) {
    std::string text;
    const int32_t code = sync->timeline->wait(value, timeout_ns, &text);
    if (code != TENON_OK) plugin::fail(code, text);
  }
  void sync_signal(tenon_sync* sync, uint64_t value) { sync->timeline->signal(value); }
  void sync_destroy(tenon_sync* sync) { delete sync; }

 private:
  std::vector<tenon_memory_kind> kinds_;
  tenon_device device_;
  std::vector<tenon_option_desc> options_ = make_options();
  tenon_attribute factor_{};
  tenon_schema schemas_[2] = {};
};

}  // namespace tenon::fake_device

TENON_PROVIDER(tenon::fake_device::FakeDevice)
