// SPDX-License-Identifier: Apache-2.0
#include "core/opt/pass.hpp"

namespace tenon {
namespace {

// What a number type can hold exactly: integers from -2^below to 2^above - 1, and of a float its bits.
struct Range {
  bool real = false, valid = false;
  int below = 0, above = 0;     // integers: powers of two
  int fraction = 0;             // floats: bits of significand, the hidden one included
  int lowest = 0, highest = 0;  // floats: exponents of the smallest subnormal and of the largest power of two
};

Range range_of(Dtype dtype) {
  switch (dtype) {
    case TENON_BOOL:
      return {false, true, -1, 1, 0, 0, 0};
    case TENON_UINT8:
      return {false, true, -1, 8, 0, 0, 0};
    case TENON_UINT16:
      return {false, true, -1, 16, 0, 0, 0};
    case TENON_UINT32:
      return {false, true, -1, 32, 0, 0, 0};
    case TENON_UINT64:
      return {false, true, -1, 64, 0, 0, 0};
    case TENON_INT8:
      return {false, true, 7, 7, 0, 0, 0};
    case TENON_INT16:
      return {false, true, 15, 15, 0, 0, 0};
    case TENON_INT32:
      return {false, true, 31, 31, 0, 0, 0};
    case TENON_INT64:
      return {false, true, 63, 63, 0, 0, 0};
    case TENON_FLOAT16:
      return {true, true, 0, 0, 11, -24, 15};
    case TENON_BFLOAT16:
      return {true, true, 0, 0, 8, -133, 127};
    case TENON_FLOAT32:
      return {true, true, 0, 0, 24, -149, 127};
    case TENON_FLOAT64:
      return {true, true, 0, 0, 53, -1074, 1023};
    default:
      return {};
  }
}

// Does `wide` hold every value of `narrow`?
bool holds(Dtype narrow, Dtype wide) {
  if (narrow == wide) {
    return dtype_valid(narrow);
  }
  const Range n = range_of(narrow), w = range_of(wide);
  if (!n.valid || !w.valid || wide == TENON_BOOL) {
    return false;
  }
  if (!n.real && !w.real) {
    return n.above <= w.above && n.below <= w.below;
  }
  if (!n.real) {
    return n.above <= w.fraction && n.below <= w.fraction && n.above <= w.highest;
  }
  return w.real && n.fraction <= w.fraction && n.highest <= w.highest && n.lowest >= w.lowest;
}

// With `middle` holding every value of `source`: is the cast from there to `target` the same function on those values?
// Not between floats and integers where the value may not fit (the standard leaves that open), and not to text.
bool same_result(Dtype source, Dtype middle, Dtype target) {
  const Range s = range_of(source), m = range_of(middle), t = range_of(target);
  if (!s.valid || !m.valid || !t.valid) {
    return false;
  }
  return t.real || target == TENON_BOOL || holds(source, target) || (!s.real && !m.real);
}

}  // namespace

Status pass_casts(PassContext& context) {
  for_each_graph(*context.model.graph, [&](Graph& graph) {
    for (NodeId id : std::vector<NodeId>(graph.order)) {
      if (!graph.nodes[id].live || !graph.nodes[id].is("Cast")) {
        continue;
      }
      const auto target = static_cast<Dtype>(graph.nodes[id].int_or("to", 0));
      if (const Node* inner = producer(graph, graph.nodes[id].inputs[0], "Cast")) {
        const ValueId source = inner->inputs[0];
        const Dtype from = graph.values[source].type.dtype, middle = graph.values[graph.nodes[id].inputs[0]].type.dtype;
        if (holds(from, middle) && same_result(from, middle, target)) {
          graph.set_input(id, 0, source);
          ++context.changes;
        }
      }
      const ValueId input = graph.nodes[id].inputs[0];
      if (graph.values[input].type.is_tensor() && graph.values[input].type.dtype == target) {
        bypass(context, graph, id, input);
      }
    }
  });
  return {};
}

}  // namespace tenon
