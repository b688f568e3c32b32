// SPDX-License-Identifier: Apache-2.0
// What the fake device takes: which nodes, fused how, in which layouts.
#ifndef TESTS_PROVIDERS_FAKE_DEVICE_QUERY_HPP_
#define TESTS_PROVIDERS_FAKE_DEVICE_QUERY_HPP_

#include <tenon/provider.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "program.hpp"

namespace tenon::fake_device {

struct Refusal {
  uint32_t reason;
  std::string text;
  uint32_t value = TENON_NO_ID;
};

/// The operator of a node that passes `refusal_of`.
Op op_of(const plugin::Node& node);
/// Why a node is not taken; none when it is.
std::optional<Refusal> refusal_of(const plugin::Node& node);

struct QueryOptions {
  std::string layouts;  // "dense", "blocked", "opaque" or "all"
  bool fusion = true;
  uint64_t est_ns = 0;  // a node; 0: only a guess
};

/// Sends the claims and refusals for every node. Claims of a region that can be held in more than one layout come once
/// for each layout that `options` allows, dense first.
void answer(const plugin::Graph& graph, const plugin::Sink& sink, const QueryOptions& options);

}  // namespace tenon::fake_device

#endif  // TESTS_PROVIDERS_FAKE_DEVICE_QUERY_HPP_
