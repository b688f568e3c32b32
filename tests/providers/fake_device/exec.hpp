// SPDX-License-Identifier: Apache-2.0
// Sessions, compiled regions and their runs.
#ifndef TESTS_PROVIDERS_FAKE_DEVICE_EXEC_HPP_
#define TESTS_PROVIDERS_FAKE_DEVICE_EXEC_HPP_

#include <tenon/provider.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "program.hpp"

namespace tenon::fake_device {

/// Every slot's dims for one set of input shapes. Immutable.
struct Prepared {
  std::vector<std::vector<int64_t>> dims;
};

class Session;

class Exec {
 public:
  Exec(Session& session, const plugin::Region& region, tenon_exec_info& info);

  std::unique_ptr<Prepared> prepare(const plugin::Shapes& shapes, tenon_prepared_info& info);
  void prepack(uint32_t pack, const tenon_tensor& dst, const plugin::Task& task);
  void bind_packed(uint32_t pack, const tenon_tensor& packed);
  void execute(const Prepared& prepared, const plugin::Run& run);

 private:
  struct Packed {
    uint32_t const_id;
    int64_t rows;
    int64_t columns;
    const float* data = nullptr;  // [columns, rows], in device memory
  };
  void add_step(const plugin::Node& node, const plugin::Graph& graph);
  uint32_t request_pack(const plugin::Value& weight);
  /// What an open output is made of; the other of the two stays empty.
  struct Found {
    std::vector<int64_t> indices;
    std::vector<float> values;
  };
  std::function<void()> work_of(const Prepared& prepared, const plugin::Run& run, Found* found);

  Session& session_;
  std::vector<Step> steps_;
  std::vector<uint32_t> inputs_;  // value id, which is also the slot
  std::vector<uint32_t> outputs_;
  uint32_t nslots_;
  std::vector<Packed> packs_;
  std::vector<bool> is_packed_;  // by slot
  std::vector<tenon_pack_request> requests_;
  std::string kernel_;
};

class Session {
 public:
  explicit Session(plugin::SessionDesc desc);
  void query(const plugin::Graph& graph, const plugin::Sink& sink);
  std::unique_ptr<Exec> compile(const plugin::Region& region, const plugin::Task& task, tenon_exec_info& info);

  const plugin::SessionDesc& desc() const { return desc_; }
  uint64_t delay_us() const { return delay_us_; }
  /// Called by each execute on its queue; throws when this one is to be poisoned. The first one lasts until as many
  /// have begun as `hold_until` says.
  void count_run();

 private:
  plugin::SessionDesc desc_;
  uint64_t delay_us_;
  uint64_t poison_after_;
  uint64_t hold_until_;
  std::mutex mutex_;
  std::condition_variable begun_;
  uint64_t runs_ = 0;
};

}  // namespace tenon::fake_device

#endif  // TESTS_PROVIDERS_FAKE_DEVICE_EXEC_HPP_
