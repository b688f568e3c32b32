// SPDX-License-Identifier: Apache-2.0
// Graphs built in code as the ABI's plain records, and the regions that a host makes of claims.
#ifndef TOOLS_CONFORM_GRAPHS_HPP_
#define TOOLS_CONFORM_GRAPHS_HPP_

#include <tenon/plugin.h>
#include <tenon/provider/graph.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host.hpp"

namespace tenon::conform {

/// A dense tensor in ordinary memory.
struct Tensor {
  uint32_t dtype = TENON_FLOAT32;
  std::vector<int64_t> dims;
  std::vector<std::byte> bytes;
};

struct Attribute {
  std::string name;
  uint32_t type;
  int64_t i = 0;
  double f = 0;
  std::string s;
  std::vector<int64_t> ints;
  std::vector<float> floats;
};

struct ValueSpec {
  std::string name;
  uint32_t dtype = TENON_FLOAT32;
  std::vector<int64_t> dims;  // TENON_UNKNOWN_DIM where open
  std::optional<Tensor> constant;
  uint32_t origin = TENON_NO_ID;    // TENON_NO_ID: its own index
  uint32_t const_id = TENON_NO_ID;  // with `constant`; TENON_NO_ID: its own index + kFirstConstant
};

struct NodeSpec {
  std::string domain;
  std::string op;
  uint32_t form;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
  std::vector<Attribute> attributes;
  uint32_t origin = TENON_NO_ID;
};

struct GraphSpec {
  std::vector<ValueSpec> values;
  std::vector<NodeSpec> nodes;
  std::vector<uint32_t> inputs;
  std::vector<uint32_t> outputs;
};

inline constexpr uint32_t kFirstConstant = 7000;  // so that constant ids are no value ids

/// The records of a spec. Every array of records may be made `gap` bytes a record wider than the header says, filled
/// with 0xEE, as a newer host's would be. Keeps copies of everything; not movable.
class GraphRecords {
 public:
  GraphRecords(const GraphSpec& spec, uint32_t gap);
  GraphRecords(const GraphRecords&) = delete;
  const tenon_graph* get() const { return &graph_; }

 private:
  template <class T>
  T* record(std::vector<std::byte>& store, uint32_t i) const;
  template <class T>
  void make_store(std::vector<std::byte>& store, size_t n) const;
  void add_node(uint32_t i);

  GraphSpec spec_;
  uint32_t gap_;
  std::vector<std::byte> nodes_;
  std::vector<std::byte> values_;
  std::vector<std::vector<std::byte>> attributes_;
  std::vector<std::vector<uint32_t>> symbols_;
  tenon_graph graph_{};
};

/// The subgraph of `claim`: ids of its own, origins set, inputs in order of first use, outputs in order of making.
GraphSpec make_region(const GraphSpec& graph, const ClaimCopy& claim);

/// The constants of a graph as a host session gives them out.
std::unique_ptr<tenon_host_session> make_host_session(Host& host, const GraphSpec& graph);

/// Why a claim is malformed, with the rule that it breaks; none when it is well formed.
struct ClaimError {
  uint32_t rule;
  std::string text;
};
std::optional<ClaimError> claim_error(const GraphSpec& graph, const ClaimCopy& claim, const tenon_device& device);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_GRAPHS_HPP_
