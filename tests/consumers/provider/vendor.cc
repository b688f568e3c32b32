// SPDX-License-Identifier: Apache-2.0
// A vendor's provider, built from the installed headers alone: it takes Softmax of float32 over the last axis.
#include <cmath>
#include <memory>
#include <tenon/provider.hpp>

namespace {

using namespace tenon::plugin;

class Exec {
 public:
  void execute(const Run& run) {
    const tenon_tensor& x = run.input(0);
    const tenon_tensor& y = run.output(0);
    const auto* in = static_cast<const float*>(x.data);
    auto* out = static_cast<float*>(y.data);
    const int64_t n = x.dims[x.rank - 1];
    int64_t rows = 1;
    for (uint32_t i = 0; i + 1 < x.rank; ++i) rows *= x.dims[i];
    for (int64_t row = 0; row < rows; ++row, in += n, out += n) {
      float most = -INFINITY, sum = 0;
      for (int64_t i = 0; i < n; ++i) most = std::fmax(most, in[i]);
      for (int64_t i = 0; i < n; ++i) sum += out[i] = std::exp(in[i] - most);
      for (int64_t i = 0; i < n; ++i) out[i] /= sum;
    }
  }
};

class Session {
 public:
  void query(const Graph& graph, const Sink& sink) {
    for (uint32_t i = 0; i < graph.nnodes(); ++i) {
      const Node node = graph.node(i);
      if (!node.is("ai.onnx", "Softmax")) {
        sink.refuse(node, TENON_REFUSE_OP, "only Softmax is known here");
      } else if (node.input(0).dtype() != TENON_FLOAT32) {
        sink.refuse(node, TENON_REFUSE_DTYPE, "only float32 is known here");
      } else if (node.attr_int("axis", -1) != -1) {
        sink.refuse(node, TENON_REFUSE_ATTR, "only the last axis, -1, is known here");
      } else {
        sink.claim(node, node.id());
      }
    }
  }
  std::unique_ptr<Exec> compile(const Region&, const Task&, tenon_exec_info& info) {
    info.kernel = str("vendor softmax");
    return std::make_unique<Exec>();
  }
};

class Provider {
 public:
  static constexpr Identity identity{.id = "vendor", .version = "1.2.3"};
  explicit Provider(const Host&) : kind_(host_memory_kind()), device_(cpu_device("vendor's processor", {&kind_, 1})) {}
  std::span<const tenon_device> devices() { return {&device_, 1}; }
  std::unique_ptr<Session> create_session(const SessionDesc&) { return std::make_unique<Session>(); }

 private:
  tenon_memory_kind kind_;
  tenon_device device_;
};

}  // namespace

TENON_PROVIDER(Provider)
