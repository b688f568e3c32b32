// SPDX-License-Identifier: Apache-2.0
// What an operator family of this provider is made of: a check, a kernel, and the line in ops/ops.def that joins them.
//
// A family's `check` says whether a node can be taken, `make` builds the Kernel of a region whose first node belongs to
// the family. A Kernel is what the ABI calls an exec: prepare turns input shapes into an immutable Plan, execute runs
// one. Both may be called by several threads at once.
#ifndef TENON_CPU_KERNEL_HPP_
#define TENON_CPU_KERNEL_HPP_

#include <tenon/provider.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/activation.hpp"
#include "kernels/parallel.hpp"

namespace tenon::cpu {

using plugin::Node;
using plugin::Region;
using plugin::Run;
using plugin::SessionDesc;
using plugin::Shapes;
using plugin::Task;
using plugin::Value;
using Dims = std::vector<int64_t>;
using DimsView = std::span<const int64_t>;

// Why a node is not taken.
struct Refusal {
  uint32_t reason = TENON_REFUSE_OP;  // TENON_REFUSE_*
  uint32_t value = TENON_NO_ID;       // what it is about
  std::string text;                   // one sentence without a final full stop
  // Fills this in; returns false, for `return refusal.set(...)`.
  bool set(uint32_t reason_, std::string text_, uint32_t value_ = TENON_NO_ID);
};

// What the nodes after the first one of a fused region do to the product.
struct Epilogue {
  std::vector<uint32_t> nodes;  // ids of the absorbed nodes, in order
  Value bias;                   // of MatMul: a constant added to each row
  Value residual;               // added, dims of the result
  Activation activation;        // last
  Value result;                 // what the region makes
};

// A region to be compiled: its first node, what follows, and where its values lie in a run.
class Build {
 public:
  Build(const SessionDesc& session_, const Region& region_, const Node& node_, Epilogue epilogue_)
      : session(session_), region(region_), node(node_), epilogue(std::move(epilogue_)) {}
  const SessionDesc& session;
  const Region& region;
  const Node node;
  const Epilogue epilogue;

  // Index into the run's inputs of a value of the region, -1 when it is absent.
  int run_input(const Value& value) const;
  // Contents of a constant input of the first node; empty when it is absent or not constant.
  std::optional<std::vector<int64_t>> const_ints(uint32_t input) const;
  std::optional<std::vector<float>> const_floats(uint32_t input) const;
};

// What one set of input shapes decided. Immutable.
class Plan {
 public:
  virtual ~Plan() = default;
};

class Kernel {
 public:
  explicit Kernel(const Build& build, std::string name);
  virtual ~Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  virtual std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info);
  virtual void execute(const Plan& plan, const Run& run) = 0;
  virtual void prepack(uint32_t pack, const tenon_tensor& dst, const Task& task);
  virtual void bind_packed(uint32_t pack, const tenon_tensor& packed);
  void describe(tenon_exec_info& info) const;

 protected:
  // ---- Building
  void alias(uint32_t output, uint32_t node_input);
  void alias_residual(const Build& build);
  // Asks for `floats` packed floats of a constant; returns the pack's index.
  uint32_t request_pack(const Value& constant, int64_t floats, const std::string& key);
  void rename(std::string name) { name_ = std::move(name); }
  uint32_t max_workers() const { return max_workers_; }

  // ---- Shapes: of the node's inputs and outputs
  bool has(size_t input) const { return input < in_.size() && in_[input] >= 0; }
  bool makes(size_t output) const { return output < out_.size() && out_[output] >= 0; }
  DimsView dims(const Shapes& shapes, size_t input) const;
  // Gives an output its dims where the host left them open; throws when the host's are others.
  void settle(const Shapes& shapes, size_t output, DimsView dims) const;
  // Contents of an integer input that the host knows already.
  std::optional<std::vector<int64_t>> known_ints(const Shapes& shapes, size_t input) const;

  // ---- Running
  const tenon_tensor& in(const Run& run, size_t input) const { return run.input(static_cast<uint32_t>(in_[input])); }
  template <class T>
  const T* data(const Run& run, size_t input) const {
    return has(input) ? static_cast<const T*>(in(run, input).data) : nullptr;
  }
  template <class T>
  const T* run_data(const Run& run, int run_input) const {
    return run_input < 0 ? nullptr : static_cast<const T*>(run.input(static_cast<uint32_t>(run_input)).data);
  }
  template <class T>
  T* out(const Run& run, size_t output) const {
    return makes(output) ? static_cast<T*>(run.output(static_cast<uint32_t>(out_[output])).data) : nullptr;
  }
  // Memory of an output whose dims may be known only now.
  void* out_of(const Run& run, size_t output, DimsView dims) const;
  float* workspace(const Run& run) const { return static_cast<float*>(run.raw().workspace); }
  static Parallel parallel(const Run& run);

  std::vector<int> in_;          // of the node's inputs: index into the run's inputs, -1 when absent
  std::vector<int> out_;         // of the region's results
  const std::string node_text_;  // "node 'conv1' (Conv)"

 private:
  std::string name_;
  uint32_t max_workers_;
  std::vector<tenon_alias> aliases_;
  std::vector<tenon_pack_request> packs_;
  std::deque<std::string> keys_;
};

struct Family {
  // Whether the node can be taken; fills in `refusal` when not.
  bool (*check)(const Node& node, Refusal& refusal);
  std::unique_ptr<Kernel> (*make)(const Build& build);
};

// The host's table; set when the provider is made.
void set_host(const tenon_host* host);

// ---- Checks that families share

bool is_dtype(const Value& value, std::initializer_list<uint32_t> dtypes);
// Every present input and output in [first, last) is of one of `dtypes`.
bool check_dtypes(const Node& node, std::initializer_list<uint32_t> dtypes, Refusal& refusal);
bool check_input(const Node& node, uint32_t input, std::initializer_list<uint32_t> dtypes, Refusal& refusal);
// Bytes of an element of a type that moves as whole bytes; 0 for strings and types under 8 bits.
int64_t element_bytes(uint32_t dtype);
int64_t count_of(DimsView dims);
// numpy broadcasting of both; throws TENON_RUN naming `who` when they do not fit.
Dims broadcast_dims(DimsView a, DimsView b, std::string_view who);
// axis in [-rank, rank) made positive; throws TENON_RUN naming `who` otherwise.
int64_t normal_axis(int64_t axis, size_t rank, std::string_view who);
// Integers of a host tensor of int64 or int32.
std::vector<int64_t> ints_of(const tenon_tensor& tensor);

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNEL_HPP_
