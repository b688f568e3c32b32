// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "core/api/session.hpp"

namespace json = boost::json;

namespace tenon::api {
namespace {

struct Label {
  std::string path, op, provider, kernel;
};

Label label_of(const Span& span) {
  const Instruction& instruction = span.program->instructions[span.instruction];
  if (instruction.kind == InstructionKind::copy) {
    const ValueId value = span.program->slots[instruction.inputs[0]].value;
    return {span.program->graph->values[value].name, "copy", "", ""};
  }
  const Node& node = span.program->graph->nodes[instruction.node];
  Label label{span.program->graph->path_of(instruction.node), node.domain + "." + node.op, "core", ""};
  if (instruction.region != kNone) {
    const CompiledRegion& region = *span.program->regions[instruction.region];
    label.provider = region.provider().id();
    label.kernel = region.kernel();
    if (region.nodes().size() > 1) {
      label.op += " + " + std::to_string(region.nodes().size() - 1);
    }
  }
  return label;
}

// Time in which at least one span of its run was under way; spans of one run may overlap. Orders the spans.
uint64_t busy_ns(std::vector<Span>* spans) {
  std::sort(spans->begin(), spans->end(),
            [](const Span& a, const Span& b) { return a.run != b.run ? a.run < b.run : a.begin < b.begin; });
  uint64_t busy = 0, end = 0;
  for (size_t i = 0; i < spans->size(); ++i) {
    const Span& span = (*spans)[i];
    const uint64_t begin = i > 0 && (*spans)[i - 1].run == span.run ? std::max(span.begin, end) : span.begin;
    busy += span.end > begin ? span.end - begin : 0;
    end = std::max(begin, span.end);
  }
  return busy;
}

}  // namespace

std::string profile_json(const tenon_session& session) {
  std::vector<RunSpan> runs;
  std::vector<Span> spans;
  session.executor->profile().copy(&runs, &spans);
  uint64_t run_ns = 0;
  for (const RunSpan& run : runs) {
    run_ns += run.end - run.begin;
  }
  struct Total {
    uint64_t calls = 0, ns = 0;
  };
  std::map<std::pair<const Program*, uint32_t>, Total> totals;
  std::map<std::pair<const Program*, uint32_t>, Span> samples;
  uint64_t sum = 0;
  for (const Span& span : spans) {
    Total& total = totals[{span.program, span.instruction}];
    ++total.calls;
    total.ns += span.end - span.begin;
    sum += span.end - span.begin;
    samples[{span.program, span.instruction}] = span;
  }
  std::vector<std::pair<Total, Span>> ranked;
  for (const auto& [key, total] : totals) {
    ranked.emplace_back(total, samples[key]);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first.ns > b.first.ns; });
  json::array nodes;
  for (const auto& [total, span] : ranked) {
    Label label = label_of(span);
    nodes.push_back({{"path", std::move(label.path)},
                     {"op", std::move(label.op)},
                     {"provider", std::move(label.provider)},
                     {"kernel", std::move(label.kernel)},
                     {"calls", total.calls},
                     {"total_ns", total.ns},
                     {"share", run_ns == 0 ? 0.0 : static_cast<double>(total.ns) / static_cast<double>(run_ns)}});
  }
  const uint64_t busy = busy_ns(&spans);
  return json::serialize(json::object{{"runs", runs.size()},
                                      {"run_ns", run_ns},
                                      {"overlap_ns", sum - busy},
                                      {"executor", run_ns > busy ? run_ns - busy : 0},
                                      {"nodes", std::move(nodes)}});
}

std::string profile_trace(const tenon_session& session) {
  std::vector<RunSpan> runs;
  std::vector<Span> spans;
  session.executor->profile().copy(&runs, &spans);
  const auto us = [](uint64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::map<uint64_t, int64_t> threads;
  for (const RunSpan& run : runs) {
    threads.emplace(run.thread, static_cast<int64_t>(threads.size()) + 1);
  }
  json::array events;
  for (size_t i = 0; i < runs.size(); ++i) {
    events.push_back({{"name", "run " + std::to_string(i)},
                      {"cat", "run"},
                      {"ph", "X"},
                      {"ts", us(runs[i].begin)},
                      {"dur", us(runs[i].end - runs[i].begin)},
                      {"pid", 1},
                      {"tid", threads[runs[i].thread]}});
  }
  for (const Span& span : spans) {
    Label label = label_of(span);
    events.push_back({{"name", label.path},
                      {"cat", label.op},
                      {"ph", "X"},
                      {"ts", us(span.begin)},
                      {"dur", us(span.end - span.begin)},
                      {"pid", 1},
                      {"tid", threads[runs[span.run].thread]},
                      {"args", {{"op", label.op}, {"provider", label.provider}, {"kernel", label.kernel}}}});
  }
  return json::serialize(json::object{{"traceEvents", std::move(events)}, {"displayTimeUnit", "ns"}});
}

}  // namespace tenon::api
